#!/usr/bin/env bash
# Makes vendor/spessasynth and vendor/fonts anew from npm. Run it in this folder; see README.md.
set -euo pipefail
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init -y > /dev/null
npm install spessasynth_lib@4.3.14 spessasynth_core@4.3.22 esbuild@0.28.2 \
    @fontsource-variable/instrument-sans@5.3.0 @fontsource/instrument-serif@5.3.0
node node_modules/esbuild/install.js

# The decoder of compressed SoundFonts is WebAssembly, which our content security policy refuses, and
# ours is not compressed. Without it the synthesiser is ready at once, and smaller by 220 kB.
echo 'export const StbVorbis = { ready: Promise.resolve() };' > no-vorbis.js
echo 'export { WorkletSynthesizer } from "spessasynth_lib";' > entry.js
npx esbuild entry.js --bundle --minify --format=esm --alias:stb-vorbis=./no-vorbis.js \
    --outfile="$here/spessasynth/synthesizer.min.js"
perl -0pe 's/static ready=\(async\(\)=>\{.*?\}\)\(\);/static ready=Promise.resolve();/; s/"AGFzbQ[A-Za-z0-9+\/=]+"/""/; s/\n\/\/# sourceMappingURL.*//' \
    node_modules/spessasynth_lib/dist/spessasynth_processor.min.js > "$here/spessasynth/processor.min.js"
cp node_modules/spessasynth_lib/LICENSE "$here/spessasynth/LICENSE"

cp node_modules/@fontsource-variable/instrument-sans/files/instrument-sans-latin-wght-normal.woff2 "$here/fonts/instrument-sans.woff2"
for style in normal:instrument-serif italic:instrument-serif-italic; do
    cp "node_modules/@fontsource/instrument-serif/files/instrument-serif-latin-400-${style%%:*}.woff2" "$here/fonts/${style##*:}.woff2"
done
{ head -1 node_modules/@fontsource/instrument-serif/LICENSE; cat node_modules/@fontsource-variable/instrument-sans/LICENSE; } > "$here/fonts/LICENSE"
