import numpy as np
import pytest

from amadeus.experiments.power_law import EXPONENTS, PowerLaw, fit


def grid():
    parameters, data = np.meshgrid([1e5, 3e5, 1e6, 3e6], [1e5, 1e6, 1e7])
    return parameters.ravel(), data.ravel()


def test_a_law_is_found_again():
    parameters, data = grid()
    law = PowerLaw(2.0, 0.5, 1.5, float(EXPONENTS[20]), float(EXPONENTS[15]), (5e5, 1e6))
    (found,) = fit(parameters, data, law(parameters, data)[None])
    assert found.parameters_exponent == law.parameters_exponent
    assert found.data_exponent == law.data_exponent
    assert found.floor == pytest.approx(2.0)
    assert found(2e7, 3e8) == pytest.approx(law(2e7, 3e8))


def test_no_term_is_negative():
    """More parameters do harm here, which no such law can say."""
    parameters, data = grid()
    losses = 3.0 + 0.1 * np.log(parameters) + data**-0.2
    (found,) = fit(parameters, data, losses[None])
    assert min(found.floor, found.by_data) >= 0
    assert found.by_parameters == 0


def test_noise_moves_the_law():
    parameters, data = grid()
    rng = np.random.default_rng(0)
    exact = PowerLaw(2.0, 0.5, 1.5, 0.3, 0.3, (5e5, 1e6))(parameters, data)
    laws = fit(parameters, data, exact + rng.normal(0, 0.05, (8, len(exact))))
    exponents = [law.data_exponent for law in laws]
    assert min(exponents) < 0.3 < max(exponents)
