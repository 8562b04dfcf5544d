"""The sampling options are the same in Python, on the command line and over HTTP."""

from inspect import signature

import pytest

from amadeus.cli import continuation, edit, generate, options
from amadeus.diffusion import UnmaskConfig
from amadeus.diffusion.unmasking import DrawSettings
from amadeus.inference.sampling import OPTIONS, SamplingSettings, sampling_config


def test_every_option_is_a_setting_in_python():
    assert {*OPTIONS} == {*SamplingSettings.__annotations__} - {"fixed_order"}
    assert {*DrawSettings._fields} <= {*OPTIONS}


@pytest.mark.parametrize("command", [generate.generate, continuation.continue_, edit.edit])
def test_every_option_is_on_the_command_line(command):
    parameters = signature(command).parameters
    assert {*OPTIONS} <= {*parameters}
    assert "sampling" not in parameters


def test_a_command_gets_the_options_that_were_given():
    got = []

    @options.with_sampling
    def command(bars: int = 1, sampling: options.Sampling = {}, seed: int = 0) -> None:  # noqa: B006
        got.append((bars, sampling, seed))

    unset = dict.fromkeys(OPTIONS)
    command(bars=4, **{**unset, "min_p": 0.1, "steps": 2}, seed=3)
    assert got == [(4, {"min_p": 0.1, "steps": 2}, 3)]


def test_every_option_is_a_field_of_jobs():
    requests = pytest.importorskip("amadeus.server.requests")
    assert {*OPTIONS} <= {*requests.JobRequest.model_fields}
    request = requests.ComposeRequest(min_p=0.1, order="random", guidance=2.0, bars=4)
    assert request.sampling() == {"min_p": 0.1, "order": "random", "guidance": 2.0}
    with pytest.raises(ValueError, match="min_p"):
        requests.ComposeRequest(min_p=1.5)


def test_values_may_differ_by_attribute():
    config = sampling_config(min_p=(0.0, *[0.1] * 7), temperature=0.9, steps=4)
    assert config.num_steps == 4
    assert [draw.min_p for draw in config.draws] == [0.0, *[0.1] * 7]
    assert {draw.temperature for draw in config.draws} == {0.9}
    assert sampling_config().draws != UnmaskConfig().draws  # the default top_p differs
