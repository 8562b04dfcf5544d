"""Words of other languages for instruments, keys, tempi, time signatures and lengths.

They are rewritten in English before a prompt is read. There is a table of words, and there are
patterns for what is not a single word: keys ("re menor", "a-Moll", "イ短調", "A小调") and time
signatures ("4分の3拍子"). Numbers in words, and sentences beyond "without" and "only", are not
understood.
"""

# ruff: noqa: E501

from __future__ import annotations

import re
import unicodedata

from amadeus.text.prompt_text import Rule

# English | German | Spanish | French | Italian | Portuguese | Japanese | Chinese.
# A word after "?" is also an English word, or one of several languages: it is rewritten only
# beside another word of its language.
_TABLE = """
piano            | Klavier, Flügel | | | | | ピアノ | 钢琴, 鋼琴
guitar           | Gitarre, Gitarren | guitarra, guitarras | guitare | chitarra, chitarre | guitarra, guitarras | ギター | 吉他
electric guitar  | E-Gitarre, E-Gitarren | guitarra eléctrica | guitare électrique | chitarra elettrica | guitarra elétrica | エレキギター | 电吉他, 電吉他
acoustic guitar  | Akustikgitarre | guitarra acústica | guitare acoustique | chitarra acustica | violão, violões | アコースティックギター, アコギ | 木吉他
bass             | | bajo | basse | ?basso | baixo | ベース | 贝斯, 貝斯
double bass      | Kontrabass | contrabajo | contrebasse | contrabbasso | contrabaixo | コントラバス | 低音提琴
drums            | Schlagzeug, Trommeln | batería | batterie | batteria | bateria | ドラムス, ドラム | 架子鼓, 爵士鼓, 鼓
percussion       | Perkussion | percusión | ?percussions | percussioni | percussão | パーカッション, 打楽器 | 打击乐, 打擊樂
violin           | Geige, Geigen, Violine, Violinen | violín, violines | violon | violino, violini | violino | バイオリン, ヴァイオリン | 小提琴
viola            | Bratsche | | | | | ビオラ, ヴィオラ | 中提琴
cello            | | violonchelo, chelo | violoncelle | | violoncelo | チェロ | 大提琴
strings          | Streicher | cuerdas | cordes | archi | cordas | ストリングス, 弦楽器 | 弦乐, 弦樂
flute            | Flöte, Querflöte | flauta | flûte | flauto, flauti | flauta | フルート | 长笛, 長笛
recorder         | Blockflöte | flauta dulce | flûte à bec | flauto dolce | flauta doce | リコーダー | 竖笛
clarinet         | Klarinette | clarinete | clarinette | clarinetto | clarinete | クラリネット | 单簧管, 單簧管
oboe             | | | hautbois | | oboé | オーボエ | 双簧管
bassoon          | Fagott | fagot | basson | fagotto | fagote | ファゴット | 巴松
trumpet          | Trompete, Trompeten | trompeta | trompette | tromba | trompete | トランペット | 小号, 小號
trombone         | Posaune | trombón | | | | トロンボーン | 长号, 長號
horn             | Waldhorn | trompa | ?cor | corno, corni | trompa | ホルン | 圆号, 圓號
tuba             | | | | | | チューバ | 大号
saxophone        | Saxofon, Saxophon | saxofón, saxo | | sassofono | saxofone | サックス, サクソフォン | 萨克斯, 薩克斯
harp             | Harfe | arpa | harpe | arpa | harpa | ハープ | 竖琴, 豎琴
organ            | Orgel, Kirchenorgel | órgano | orgue | organo | órgão | オルガン | 管风琴, 管風琴
accordion        | Akkordeon | acordeón | accordéon | fisarmonica | acordeão, sanfona | アコーディオン | 手风琴, 手風琴
harpsichord      | | clavecín | clavecin | clavicembalo | cravo | チェンバロ | 羽管键琴, 大键琴
choir            | Chor | coro | chœur, choeur | coro | coro | 合唱, コーラス | 合唱
voice            | Gesang, Stimme | voz | voix | ?voce | voz | ボーカル | 人声
harmonica        | Mundharmonika | armónica | | armonica | gaita | ハーモニカ | 口琴
synthesizer      | | sintetizador | synthétiseur | sintetizzatore | sintetizador | シンセサイザー, シンセ | 合成器
glockenspiel     | | | carillon | | | グロッケンシュピール | 钟琴
bells            | Glocken | campanas | cloches | campane | sinos | 鐘 | 钟声
timpani          | Pauken | | | | tímpanos | ティンパニ | 定音鼓
string quartet   | Streichquartett | cuarteto de cuerdas, cuarteto de cuerda | quatuor à cordes | quartetto d'archi | quarteto de cordas | 弦楽四重奏 | 弦乐四重奏
orchestra        | Orchester | orquesta | orchestre | | orquestra | オーケストラ | 管弦乐队, 管弦乐团, 交响乐团
waltz            | Walzer | vals | valse | valzer | valsa | ワルツ | 圆舞曲, 华尔兹
slow             | langsam, langsames, langsamer, langsame | lenta, despacio | ?lent, lente | lenta | lenta, devagar | ゆっくり, 遅い | 缓慢, 慢速, 慢板
fast             | schnell, schnelles, schneller, schnelle | rápido, rápida | rapide | rapido, rapida | rápido, rápida | 速い, 早い | 快速, 快板
very slow        | sehr langsam | muy lento, muy lenta | très lent, très lente | molto lento, molto lenta | muito lento, muito lenta | とても遅い | 很慢
very fast        | sehr schnell | muy rápido, muy rápida | très rapide | molto veloce | muito rápido | とても速い | 很快
moderate         | mäßig, mässig | moderado | modéré | | moderado | 中くらいの速さ | 中速, 中板
bpm              | Schläge pro Minute | ppm, pulsaciones por minuto | battements par minute | battiti al minuto | batidas por minuto | | 拍每分钟
bars             | Takte, Takten, Takt | compases | mesures | battute | compassos | 小節 | 小节
minutes          | Minuten | minutos, minuto | | minuti, minuto | minutos, minuto | 分間, 分 | 分钟, 分鐘
seconds          | Sekunden | segundos | secondes | secondi | segundos | 秒間, 秒 | 秒钟, 秒
without          | ohne | ?sin | sans | senza | ?sem | | 没有, 不要, 無, 无, 不用
no               | kein, keine, keinen | ningún, ninguna | pas de, aucun, aucune | nessun, nessuna | nenhum, nenhuma | |
only             | nur, ausschließlich | sólo, solamente, únicamente | seulement, uniquement | soltanto, solamente | apenas, somente, ?só | | 只有, 只用, 仅
with             | ?mit | ?con | avec | ?con | ?com | | 带, 帶
and              | ?und | ?y | ?et | ?e, ?ed | ?e | と | 和, 与, 與
or               | ?oder, ?noch | ?o, ni | ?ou, ?ni | ?o, né | ?ou, nem | | 或
for              | für | ?para | ?pour | | ?para | |
in               | | ?en | ?en | | ?em | |
"""  # fmt: skip


def _columns() -> list[dict[str, tuple[str, bool]]]:
    """Of each language, its words: the English word, and whether it needs company."""
    columns: list[dict[str, tuple[str, bool]]] = []
    for line in _TABLE.strip().splitlines():
        english, *cells = (cell.strip() for cell in line.split("|"))
        columns = columns or [{} for _ in cells]
        for words, cell in zip(columns, cells, strict=True):
            for word in filter(None, (word.strip() for word in cell.split(","))):
                shy, word = word.startswith("?"), word.lstrip("?").lower()
                for spelling in {word, _unaccented(word)}:
                    words.setdefault(spelling, (english, shy))
    return columns


def _unaccented(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word)
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    # "Sólo" and "só" would become English words.
    return plain if plain.isascii() and len(plain) > 4 else word


def _pattern(words: list[str]) -> re.Pattern[str]:
    longest_first = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(rf"(?<![^\W\d_])(?:{longest_first})(?![^\W\d_])", re.IGNORECASE)


_WORDS = _columns()
_LATIN, _ASIAN = _WORDS[:5], {**_WORDS[5], **_WORDS[6]}
_CLEAR = [_pattern([word for word, (_, shy) in words.items() if not shy]) for words in _LATIN]
_ALL = [_pattern(list(words)) for words in _LATIN]
_ASIAN_WORD = "|".join(map(re.escape, sorted(_ASIAN, key=len, reverse=True)))
_IS_ASIAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")

_SOLFEGE = dict(zip(("do", "re", "mi", "fa", "sol", "la", "si"), "CDEFGAB", strict=True))
_SOLFEGE |= {"ut": "C", "dó": "C", "ré": "D", "fá": "F", "lá": "A"}
_JAPANESE = dict(zip("ハニホヘトイロ", "CDEFGAB", strict=True))
_MINOR = ("menor", "mineur", "minore", "moll", "短調", "小调", "小調", "マイナー")
_FLATS = ("bemol", "bémol", "bemolle", "変", "降", "b")
_DIGITS = dict(zip("一二三四五六七八九", range(1, 10), strict=True))


def _key(tonic: str, accidental: str | None, mode: str) -> str:
    sign = "" if not accidental else "b" if accidental.lower() in _FLATS else "#"
    return f" key of {tonic}{sign} {'minor' if mode.lower() in _MINOR else 'major'} "


def _german_key(match: re.Match[str]) -> str:
    letter, ending = match["letter"].upper(), (match["ending"] or "").lower()
    tonic = {"H": "B", "B": "Bb"}.get(letter, letter) if not ending else letter.replace("H", "B")
    sign = {"is": "sharp", "es": "bemol", "s": "bemol", "": None}[ending]
    return _key(tonic, sign, match["mode"])


def _metre(match: re.Match[str]) -> str:
    def number(text: str) -> int:
        return _DIGITS[text] if text in _DIGITS else int(text)

    return f" {number(match['beats'])}/{number(match['unit'] or '4')} "


_DIGIT = "[一二三四五六七八九]|[0-9]{1,2}"
_PATTERNS: tuple[Rule, ...] = (
    (
        re.compile(
            r"(?<!\w)(?P<note>dó|do|ut|re|ré|mi|fá|fa|sol|lá|la|si)[\s-]?(?P<sign>#|b\b|sostenido|bemolle|bemol"
            r"|bémol|dièse|diesis|sustenido)?\s(?P<mode>mayor|menor|majeur|mineur|maggiore|minore"
            r"|maior)(?!\w)",
            re.IGNORECASE,
        ),
        lambda m: _key(_SOLFEGE[m["note"].lower()], m["sign"], m["mode"]),
    ),
    (
        re.compile(
            r"(?<!\w)(?P<letter>[a-h])(?P<ending>is|es|s)?[\s-](?P<mode>dur|moll)(?!\w)", re.I
        ),
        _german_key,
    ),
    (
        re.compile(r"(?P<sign>変|嬰)?(?P<note>[ハニホヘトイロ])(?P<mode>長調|短調)"),
        lambda m: _key(_JAPANESE[m["note"]], m["sign"], m["mode"]),
    ),
    (
        re.compile(
            r"(?P<sign>降|升)?(?P<note>[A-Ga-g])(?P<late>[#b])?\s?(?P<mode>大调|小调|大調|小調|メジャー|マイナー)"
        ),
        lambda m: _key(m["note"].upper(), m["sign"] or m["late"], m["mode"]),
    ),
    (re.compile(rf"(?P<unit>{_DIGIT})(?:分の|分之)(?P<beats>{_DIGIT})拍子?"), _metre),
    (re.compile(rf"(?P<beats>{_DIGIT})(?P<unit>)拍子"), _metre),
    (re.compile(rf"(?P<unit>[二四八])(?P<beats>{_DIGIT})拍"), _metre),
    (re.compile(r"\bZweiviertel-?takt\b", re.I), "2/4"),
    (re.compile(r"\bDreiviertel-?takt\b", re.I), "3/4"),
    (re.compile(r"\bVierviertel-?takt\b", re.I), "4/4"),
    (re.compile(r"\bSechsachtel-?takt\b", re.I), "6/8"),
    (re.compile(r"(?<=[248])[\s-]Takt\b", re.I), ""),
    # In Japanese, "without" and "only" follow the instrument.
    (
        re.compile(rf"(?P<word>{_ASIAN_WORD})(?:は|を|が)?(?:なし|無し|抜き|不要|いらない)"),
        r" without \g<word> ",
    ),
    (re.compile(rf"(?P<word>{_ASIAN_WORD})(?:のみ|だけ)"), r" only \g<word> "),
    (re.compile(_ASIAN_WORD), lambda m: f" {_ASIAN[m[0]][0]} "),
)
_FOREIGN_KEYS = re.compile(
    r"(?<!\w)(?:mayor|menor|majeur|mineur|maggiore|minore|maior|dur|moll|takt)(?!\w)|takt\b", re.I
)


def translation(text: str) -> tuple[Rule, ...]:
    """Rules for `Unread` that put the words of other languages into English."""
    rules: tuple[Rule, ...] = ()
    if _IS_ASIAN.search(text) or _FOREIGN_KEYS.search(text):
        rules = _PATTERNS
    # "Guitarra" is Spanish and Portuguese; "sem" is Portuguese, but only in company.
    clear = [len(pattern.findall(text)) for pattern in _CLEAR]
    if max(clear):
        counts = [(n, len(every.findall(text))) for n, every in zip(clear, _ALL, strict=True)]
        language = counts.index(max(counts))
        words = _LATIN[language]

        def english(match: re.Match[str]) -> str:
            is_note = len(match[0]) == 1 and match[0].isupper()
            return match[0] if is_note else words[match[0].lower()][0]

        rules += ((_ALL[language], english),)
    return rules
