from collections import Counter

import numpy as np
import pytest

from amadeus.corpus.augment import transpose
from amadeus.corpus.duplicates import Candidate, Duplicate, find_duplicates
from amadeus.corpus.fingerprint import NUM_PERMUTATIONS, Signature, sign
from amadeus.corpus.splits import MAX_WORK, choose_splits, find_works
from amadeus.music.midi import read_midi
from amadeus.tokens import Attribute, encode
from amadeus.tokens.vocabulary import has_sound
from inventions import invent


def candidate(tokens, number, **about):
    """A piece as the build sees it; number decides its id."""
    return Candidate(**{
        "id": f"{number:012x}",
        "place": number,
        "content": tokens.tobytes(),
        "signature": about.get("signature") or sign(tokens),
        "licence_class": "open",
        "num_labels": 0,
        "notes": len(tokens),
        "composer": "",
        "title": "",
        "given_split": "",
    } | about)  # fmt: skip


@pytest.fixture(scope="module")
def quartet(fixtures):
    return encode(read_midi(fixtures / "string_quartet.mid"))


def edited(tokens, every):
    """The piece with every so manieth note a semitone higher."""
    tokens = tokens.copy()
    notes = np.flatnonzero(has_sound(tokens[:, Attribute.TYPE]))[::every]
    tokens[notes, Attribute.PITCH] += 1
    return tokens


def faster(tokens):
    tokens = tokens.copy()
    tokens[tokens[:, Attribute.TEMPO] > 0, Attribute.TEMPO] += 3
    return tokens


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (np.copy, "duplicate"),
        (lambda t: transpose(t, 3), "duplicate in another key or tempo"),
        (faster, "duplicate in another key or tempo"),
        (lambda t: edited(t, 60), "near duplicate"),
        (lambda t: edited(transpose(t, -2), 60), "near duplicate"),
        (lambda t: t[: len(t) * 9 // 10], "near duplicate"),
    ],
)
def test_a_piece_changed_a_little_is_left_out(quartet, change, reason):
    findings = find_duplicates([candidate(quartet, 0), candidate(change(quartet), 1, notes=1)])
    assert findings.kept == [0]
    assert findings.duplicates == {1: Duplicate(reason, of=0)}


def test_different_pieces_are_kept(fixtures):
    tokens = [encode(read_midi(path)) for path in sorted(fixtures.glob("*.mid"))]
    tokens += [encode(invent(seed)) for seed in range(40)]
    findings = find_duplicates([candidate(t, i) for i, t in enumerate(tokens)])
    assert sorted(findings.kept) == list(range(len(tokens)))
    assert not findings.versions


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"licence_class": "open"}, {"licence_class": "nc", "num_labels": 3, "notes": 9999}),
        ({"licence_class": "nc"}, {"licence_class": "stated"}),
        ({"licence_class": "stated"}, {"licence_class": "unclear"}),
        ({"num_labels": 2, "notes": 10}, {"num_labels": 1, "notes": 20}),
        ({"notes": 20}, {"notes": 10}),
        ({"id": "0a"}, {"id": "0b"}),
    ],
)
def test_the_better_piece_is_kept(quartet, better, worse):
    for order in ((better, worse), (worse, better)):
        pieces = [candidate(transpose(quartet, i), i, **about) for i, about in enumerate(order)]
        assert find_duplicates(pieces).kept == [order.index(better)]


def test_a_piece_is_only_left_out_for_one_that_is_kept(quartet):
    """A chain of small changes: its ends differ, so both are kept."""
    chain = [quartet]
    for bars in range(1, 5):
        piece = chain[-1].copy()
        part = slice(len(piece) * bars // 6, len(piece) * (bars + 1) // 6)
        notes = np.arange(len(piece))[part][has_sound(piece[part, Attribute.TYPE])]
        piece[notes, Attribute.PITCH] = 50 + np.random.default_rng(bars).integers(0, 30, len(notes))
        chain.append(piece)
    findings = find_duplicates([candidate(t, i, notes=9 - i) for i, t in enumerate(chain)])
    assert 0 in findings.kept
    assert 4 in findings.kept
    assert 1 in findings.duplicates
    assert all(d.of in findings.kept for d in findings.duplicates.values())


def splits_of(pieces):
    findings = find_duplicates(pieces)
    works = find_works(pieces, findings)
    return works, choose_splits(pieces, findings, works)


def half(tokens):
    """The first half of the piece as it is, then other notes."""
    tokens = tokens.copy()
    notes = np.flatnonzero(has_sound(tokens[:, Attribute.TYPE]))[len(tokens) // 2 :]
    tokens[notes, Attribute.PITCH] = 40 + np.random.default_rng(0).integers(0, 40, len(notes))
    return tokens


def test_versions_of_a_work_are_on_one_side(quartet):
    pieces = [candidate(quartet, 5, given_split="train"), candidate(half(quartet), 3)]
    pieces.append(candidate(encode(invent(1)), 1))
    works, splits = splits_of(pieces)
    assert works == {0: f"{3:012x}", 1: f"{3:012x}", 2: f"{1:012x}"}
    assert splits[0] == splits[1] == "train"
    pieces[1] = candidate(half(quartet), 3, given_split="validation")
    assert splits_of(pieces)[1][0] == "validation"


def test_a_duplicate_that_was_held_out_holds_out_what_is_kept(quartet):
    twin = candidate(transpose(quartet, 1), 2, notes=1, given_split="validation")
    _, splits = splits_of([candidate(quartet, 1, given_split="train"), twin])
    assert splits == {0: "validation"}


@pytest.mark.parametrize(
    ("names", "num_works"),
    [
        ([("Fauré", "Après un rêve"), ("FAURE", "Apres un reve!")], 1),
        ([("Fauré", "Après un rêve"), ("Duparc", "Après un rêve")], 2),
        ([("", "Waltz"), ("", "Waltz")], 2),
        ([("Fauré", ""), ("Fauré", "")], 2),
        ([("Fauré", "No. 1"), ("Fauré", "No. 1")], 2),
    ],
)
def test_one_title_of_one_composer_is_one_work(names, num_works):
    pieces = [
        candidate(encode(invent(i)), i, composer=composer, title=title)
        for i, (composer, title) in enumerate(names)
    ]
    assert len(set(splits_of(pieces)[0].values())) == num_works


def tuneless(number, **about):
    """A piece that is like no other."""
    name = number.to_bytes(4, "big")
    signature = Signature(name, np.zeros(NUM_PERMUTATIONS, np.uint32), num_shingles=0)
    return candidate(np.zeros((1, 8)), number, signature=signature, content=name, **about)


def test_a_title_that_everything_has_says_nothing():
    pieces = [tuneless(i, composer="X", title="Untitled") for i in range(MAX_WORK + 1)]
    assert len(set(splits_of(pieces)[0].values())) == MAX_WORK + 1
    assert len(set(splits_of(pieces[:-1])[0].values())) == 1


def test_three_in_a_hundred_works_are_for_validation():
    counts = Counter(splits_of([tuneless(i) for i in range(3000)])[1].values())
    assert 0.02 < counts["validation"] / 3000 < 0.04
