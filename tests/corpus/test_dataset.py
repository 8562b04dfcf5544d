import numpy as np
import pytest
import torch

from amadeus.corpus import dataset
from amadeus.corpus.dataset import (
    ExcerptConfig,
    Excerpts,
    Openings,
    collate,
    count_rows,
    profile_of_excerpt,
)
from amadeus.corpus.shards import Shards
from amadeus.music.keys import Key
from amadeus.music.midi import read_midi
from amadeus.profile import Profile, conditions
from amadeus.text.facts import Facts, measure
from amadeus.text.prompt import parse_prompt
from amadeus.tokens import Attribute, RowType, decode, encode
from amadeus.tokens.grammar import Grammar
from amadeus.tokens.vocabulary import DRUMS, has_sound, opens_bar

ROWS = 96
PIECES = ("choir_changing_metre", "game_band", "song_with_pickup", "string_quartet")


class Listener:
    """A tokenizer that remembers what it was given; an id is the length of a word."""

    def __call__(self, captions):
        self.captions = captions
        ids = np.zeros((len(captions), 4), dtype=np.int64)
        for row, caption in zip(ids, captions, strict=True):
            words = [len(word) for word in caption.split()[:4]]
            row[: len(words)] = words
        return ids, (ids > 0).sum(1)


@pytest.fixture(scope="module")
def shards(fixtures, tmp_path_factory, write_shards):
    """Four pieces of which only the key is known, as if all were in C major."""
    facts = Facts(key=Key(0, "major")).to_dict()
    pieces = [
        {"tokens": encode(read_midi(fixtures / f"{name}.mid")), "corpus": name, "facts": facts}
        for name in PIECES
    ]
    return Shards(write_shards(tmp_path_factory.mktemp("shards"), *pieces))


def batch(shards, step=0, tokenizer=None, **fields):
    values = {"rows": ROWS, "batch_size": 32} | fields
    return Excerpts(shards, ExcerptConfig(**values), tokenizer)[step]


def rows_of(batch):
    """Each excerpt without its padding."""
    return [t[t[:, Attribute.TYPE] != RowType.PAD] for t in batch.tokens.numpy()]


def first_types(batch):
    return {int(rows[0, Attribute.TYPE]) for rows in rows_of(batch)}


def test_a_batch_is_a_function_of_seed_and_step(shards):
    first = batch(shards, step=3, seed=1).tokens
    assert torch.equal(batch(shards, step=3, seed=1).tokens, first)
    assert not torch.equal(batch(shards, step=4, seed=1).tokens, first)
    assert not torch.equal(batch(shards, step=3, seed=2).tokens, first)


def test_excerpts_are_music_that_the_grammar_allows(shards):
    drawn = batch(shards)
    assert drawn.tokens.shape == (32, ROWS, 8)
    assert drawn.tokens.dtype == torch.int16
    for rows in rows_of(drawn):
        is_infill = rows[0, Attribute.TYPE] == RowType.FUTURE
        grammar = Grammar(ends_with=RowType.JOIN if is_infill else RowType.END)
        for row in rows:
            grammar.advance(row)
        assert grammar.ended or not is_infill


def test_padding_comes_last(shards):
    is_padding = batch(shards, rows=150).tokens[..., Attribute.TYPE] == RowType.PAD
    assert is_padding.any()
    assert (is_padding.int().diff(dim=1) >= 0).all()


def test_every_excerpt_can_begin_where_its_piece_begins(shards):
    assert first_types(batch(shards, start_share=1.0, infill_share=0.0)) == {RowType.START}


def test_excerpts_from_the_middle_resume_at_a_bar_line(shards):
    drawn = batch(shards, start_share=0.0, infill_share=0.0)
    assert RowType.RESUME in first_types(drawn)
    for rows in rows_of(drawn):
        assert rows[0, 0] in (RowType.START, RowType.RESUME)
        assert opens_bar(rows[1:2, Attribute.TYPE]).all()
        assert len(rows) >= ROWS // 2


def test_a_rearranged_passage_ends_with_a_join(shards):
    drawn = batch(shards, infill_share=1.0)
    rearranged = [rows for rows in rows_of(drawn) if rows[0, 0] == RowType.FUTURE]
    assert len(rearranged) > 16
    for rows in rearranged:
        types = rows[:, Attribute.TYPE].tolist()
        assert types[-1] == RowType.JOIN
        assert types.count(RowType.START) + types.count(RowType.RESUME) == 1
        assert len(rows) <= ROWS


def test_transposition_keeps_within_a_tritone(shards):
    options = {"start_share": 1.0, "infill_share": 0.0}
    plain = batch(shards, transpose=False, **options)
    originals = {rows.tobytes() for rows in rows_of(plain)}
    assert len(originals) == len(PIECES)
    assert len({rows.tobytes() for rows in rows_of(batch(shards, **options))}) > len(PIECES)


def test_captions_say_what_is_heard_in_the_transposed_excerpt(shards):
    listener = Listener()
    drawn = batch(shards, tokenizer=listener, text_share=1.0, start_share=1.0, infill_share=0.0)
    keys, moved = 0, set()
    for rows, caption in zip(rows_of(drawn), listener.captions, strict=True):
        heard, stated = measure(decode(rows)), parse_prompt(caption)
        assert stated.key in (None, heard.key)
        assert stated.num_bars is None
        playing = {p for i in np.unique(rows[:, Attribute.INSTRUMENT]) if i for p in (int(i) - 1,)}
        assert all(playing & set(instrument.programs) for instrument in stated.instruments)
        keys += stated.key is not None
        moved.add(semitones_from(shards, rows))
    assert keys > 8
    assert moved <= set(range(-6, 6))
    assert len(moved) > 6


def semitones_from(shards, rows):
    """How far an excerpt of the beginning of a piece is from the piece itself."""
    for i in range(len(shards)):
        original = shards.tokens(i)[: len(rows)].astype(int)
        rest = [a for a in Attribute if a not in (Attribute.PITCH, Attribute.CHORD)]
        if len(original) == len(rows) and np.array_equal(original[:, rest], rows[:, rest]):
            pitched = has_sound(rows[:, 0]) & (rows[:, Attribute.INSTRUMENT] != DRUMS)
            (semitones,) = set((rows - original)[pitched, Attribute.PITCH].tolist())
            return semitones
    raise AssertionError("an excerpt of no piece")


def test_some_batches_come_without_captions(shards):
    """All of their excerpts or none: beside long captions, others would be padded."""
    worded = []
    for step in range(60):
        lengths = batch(shards, step=step, batch_size=4, tokenizer=Listener()).text_lengths
        assert len(set((lengths > 0).tolist())) == 1
        worded.append(bool(lengths[0]))
    assert 0.7 < np.mean(worded) < 0.95
    silent = batch(shards, tokenizer=Listener(), text_share=0.0)
    assert not silent.text_lengths.any()


def test_weights_decide_how_often_a_source_is_drawn(shards):
    weights = {name: 0.0 for name in PIECES if name != "song_with_pickup"}
    drawn = batch(shards, weights=weights, start_share=1.0, infill_share=0.0)
    for rows in rows_of(drawn):
        semitones_from(shards, rows)
        assert rows[1, Attribute.BEAT] == shards.tokens(2)[1, Attribute.BEAT]
        assert rows[1, Attribute.TYPE] == shards.tokens(2)[1, Attribute.TYPE]


def test_openings_go_through_all_pieces_in_order(shards):
    openings = Openings(shards, ROWS, 3, None, limit=100)
    batches = [openings[i] for i in range(len(openings))]
    assert [len(b.tokens) for b in batches] == [3, 1]
    for i, rows in enumerate(torch.cat([b.tokens for b in batches]).numpy()):
        assert np.array_equal(rows, shards.tokens(i)[:ROWS])
    assert len(Openings(shards, ROWS, 3, None, limit=2).chosen) == 2
    with pytest.raises(IndexError):
        openings[2]


def test_openings_have_fixed_captions(shards):
    first, again = Listener(), Listener()
    Openings(shards, ROWS, 4, first, limit=4)[0]
    Openings(shards, ROWS, 4, again, limit=4)[0]
    assert first.captions == again.captions
    assert all(first.captions)


def test_collating_pads_rows_and_empties_missing_captions():
    rows = np.full((3, 8), 9, dtype=np.uint16)
    told = [conditions(Profile(num_parts=1, bpm=90)), conditions(Profile())]
    drawn = collate([rows, rows[:1]], ["two words", ""], told, 4, Listener())
    assert (drawn.tokens == 9).all(-1).sum(1).tolist() == [3, 1]
    assert (drawn.tokens == 0).all(-1).sum(1).tolist() == [1, 3]
    assert drawn.text_lengths.tolist() == [2, 0]
    assert drawn.profile[0].tolist() == told[0].tolist()
    assert drawn.profile[1].tolist() == [[0, 0], [0, 0]]
    assert drawn.profile_lengths.tolist() == [2, 0]


LENGTHS = {24: 0.5, 48: 0.3, 96: 0.2}


def padding_of(batch):
    return float((batch.tokens[..., Attribute.TYPE] == RowType.PAD).float().mean())


def test_short_and_long_excerpts_have_as_many_rows_in_all(shards):
    found = [batch(shards, step=step, lengths=LENGTHS, batch_size=8) for step in range(60)]
    for one in found:
        count, rows, _ = one.tokens.shape
        assert rows in LENGTHS
        assert count * rows == 8 * ROWS
    share = {rows: np.mean([one.tokens.shape[1] == rows for one in found]) for rows in LENGTHS}
    assert share == pytest.approx(LENGTHS, abs=0.15)


def test_every_process_draws_the_same_length(shards):
    for step in range(20):
        sizes = {
            batch(shards, step=step, lengths=LENGTHS, batch_size=4, seed=seed).tokens.shape
            for seed in range(4)
        }
        assert len(sizes) == 1


def test_a_batch_of_several_lengths_is_a_function_of_seed_and_step(shards):
    first = batch(shards, step=3, seed=1, lengths=LENGTHS)
    again = batch(shards, step=3, seed=1, lengths=LENGTHS)
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(batch(shards, step=3, seed=2, lengths=LENGTHS).tokens, first.tokens)


def ends_or_is_full(drawn):
    """Of each excerpt, whether it fills its room or ends where its piece ends."""
    length = drawn.tokens.shape[1]
    return [len(r) == length or r[-1, Attribute.TYPE] == RowType.END for r in rows_of(drawn)]


@pytest.mark.parametrize("end_share", [0.0, 0.5])
def test_only_excerpts_that_end_with_their_piece_are_padded(shards, end_share):
    """And rearranged ones, for which two rows are kept free."""
    fields = {"lengths": LENGTHS, "infill_share": 0.0, "end_share": end_share}
    for step in range(12):
        assert all(ends_or_is_full(batch(shards, step=step, **fields)))


def test_pieces_that_are_too_short_come_in_the_shortest_batches_alone(
    fixtures, tmp_path, write_shards
):
    whole = encode(read_midi(fixtures / "string_quartet.mid"))
    short = np.concatenate([whole[:40], whole[-1:]])
    pieces = [{"tokens": whole}, {"tokens": short}]
    both = Shards(write_shards(tmp_path / "shards", *pieces))
    for step in range(20):
        drawn = batch(both, step=step, lengths=LENGTHS, infill_share=0.0, start_share=1.0)
        assert padding_of(drawn) == 0  # 24 rows are fewer than the short piece has
        if drawn.tokens.shape[1] > 24:
            assert all(len(rows) > len(short) for rows in rows_of(drawn))


def test_padding_is_a_small_share_with_the_usual_settings(shards):
    drawn = [batch(shards, step=step, lengths=LENGTHS) for step in range(30)]
    assert np.mean([padding_of(one) for one in drawn]) < 0.05


def test_the_rows_of_a_batch_are_counted_without_padding_and_marks(shards):
    drawn = batch(shards, batch_size=8)
    expected = sum(int((rows[:, Attribute.TYPE] >= RowType.JOIN).sum()) for rows in rows_of(drawn))
    assert count_rows(drawn) == expected
    assert 0 < count_rows(drawn) < 8 * ROWS


def test_excerpts_come_with_their_profiles_some_values_left_out(shards):
    drawn = batch(shards, step=1, batch_size=64)
    lengths = drawn.profile_lengths
    assert drawn.profile.shape[0] == len(lengths)
    assert drawn.profile.shape[1] == lengths.max()
    assert 0.1 < (lengths == 0).float().mean() < 0.4
    for pairs, length in zip(drawn.profile, lengths, strict=True):
        assert (pairs[:length, 0] > 0).all()
        assert not pairs[length:].any()
    assert not batch(shards, step=1, profile=False).profile_lengths.any()


def test_profiles_can_be_measured_in_longer_passages_than_the_excerpts(shards, monkeypatch):
    measured = []
    measure = dataset.measure_profile
    monkeypatch.setattr(
        dataset, "measure_profile", lambda rows: measured.append(len(rows)) or measure(rows)
    )
    settings = {"rows": 24, "batch_size": 64, "infill_share": 0.0, "transpose": False}
    short = batch(shards, **settings, end_share=0.0)
    assert max(measured) == 24
    measured.clear()
    long = batch(shards, **settings, end_share=0.0, profile_rows=ROWS)
    assert 24 < max(measured) <= ROWS
    assert 0.3 < np.mean(np.array(measured) == 24) < 0.7
    assert long.tokens.shape == short.tokens.shape


def test_openings_have_whole_profiles(shards):
    (drawn,) = Openings(shards, ROWS, 8, None, 8, profile=True)
    for i, number in enumerate(range(len(shards))):
        tokens = np.asarray(shards.tokens(number))
        told = Facts.from_dict(shards.pieces[number].facts)
        bars = int(opens_bar(tokens[:, Attribute.TYPE]).sum())
        expected = conditions(profile_of_excerpt(tokens[:ROWS], told, bars))
        assert drawn.profile[i, : drawn.profile_lengths[i]].tolist() == expected.tolist()


def test_performed_pieces_have_neither_tempo_nor_metre(shards):
    tokens = np.asarray(shards.tokens(0))
    played = profile_of_excerpt(tokens, Facts(performed=True, genres=("jazz",)), 9)
    assert (played.bpm, played.time_signature) == (None, None)
    assert (played.genres, played.bars_left) == (("jazz",), 9)
    written = profile_of_excerpt(tokens, Facts(), 9)
    assert written.bpm is not None
    assert written.time_signature is not None
