"""What a note needs at the least."""

import pytest

from amadeus.benchmark.floors import Machine, floor_of, products_of_a_note
from amadeus.benchmark.networks import Network, random_weights
from amadeus.benchmark.timing import Load
from amadeus.model import PRESETS

CONFIG = PRESETS["nano"]


def test_the_generator_reads_one_row_a_note():
    assert CONFIG.layers == 3
    # Queries and outputs, keys and values of half the heads, two matrices of the MLP.
    generator = 3 * (2 * 128**2 + 2 * 64 * 128 + 2 * 4 * 128**2)
    one_step = products_of_a_note(CONFIG, 1)
    eight_rows = 8 * 12 * 64**2  # of the only decoder layer
    assert one_step > generator + eight_rows
    assert one_step < generator + 2 * eight_rows


def test_steps_cost_products_of_the_decoder_alone():
    steps = [products_of_a_note(CONFIG, t) for t in (1, 2, 4, 8)]
    assert steps == sorted(steps)
    # Keys and values of all attributes, the rest of those that are open: 36 rows of 64, not 8.
    of_a_row, heads = 64**2, (steps[1] - steps[0]) - 16 * 64**2 * 1
    assert heads > 0
    assert of_a_row * 12 * 64 > steps[3] - steps[0]


def test_a_machine_twice_as_fast_has_half_the_floor():
    network = Network("nano", CONFIG, random_weights(CONFIG), is_random=True)
    slow, fast = Machine(1e9, 1e9, 1e9), Machine(2e9, 2e9, 2e9)
    assert floor_of(network, Load(), slow).ms == pytest.approx(
        2 * floor_of(network, Load(), fast).ms
    )
    assert slow.or_faster(fast) == fast


def test_a_gpu_reads_weights_of_two_bytes_once_for_all_pieces():
    network = Network("nano", CONFIG, random_weights(CONFIG), is_random=True)
    gpu = Machine(1e12, 1e13, 0.0, 1e14)
    one, many = (floor_of(network, Load(batch=batch), gpu) for batch in (1, 256))
    assert one.weight_bytes == many.weight_bytes
    assert many.computing_ms == pytest.approx(256 * one.computing_ms)
