"""Codes against known factors: what is aligned, what is mixed, and what has nothing to do with each other."""
import numpy as np
import pytest
import torch

from gan_course import codes

rng = np.random.default_rng(0)
FACTORS = rng.uniform(-1, 1, (4000, 2))


def turned(degrees):
    angle = np.deg2rad(degrees)
    return FACTORS @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def test_a_code_that_is_the_factors_scores_one_whatever_its_order_sign_and_scale():
    code = np.stack([-3 * FACTORS[:, 1] + 7, FACTORS[:, 0] / 100], axis=1)
    np.testing.assert_allclose(codes.correlations(code, FACTORS), [[0, 1], [1, 0]], atol=0.05)
    assert codes.matched_correlation(code, FACTORS) == pytest.approx(1)
    np.testing.assert_allclose(codes.linear_readout(code, FACTORS), [1, 1])


def test_a_turned_code_mixes_the_factors_and_a_linear_map_still_reads_them():
    code = turned(45)
    assert codes.matched_correlation(code, FACTORS) == pytest.approx(np.sqrt(0.5), abs=0.02)
    np.testing.assert_allclose(codes.linear_readout(code, FACTORS), [1, 1])
    assert codes.matched_correlation(turned(10), FACTORS) > 0.97


def test_both_numbers_on_one_factor_are_matched_with_one_factor_only():
    code = np.stack([FACTORS[:, 0], -FACTORS[:, 0]], axis=1)
    assert codes.matched_correlation(code, FACTORS) == pytest.approx(0.5, abs=0.03)
    np.testing.assert_allclose(codes.linear_readout(code, FACTORS), [1, 0], atol=0.01)


def test_independent_codes_score_near_zero_and_one_that_stands_still_zero():
    code = np.stack([rng.normal(size=4000), np.full(4000, 0.3)], axis=1)
    table = codes.correlations(code, FACTORS)
    assert table[0].max() < 0.06 and table[1].max() < 1e-9
    assert codes.linear_readout(code, FACTORS).max() < 0.01


def test_three_numbers_can_be_matched_with_two_factors_and_tensors_will_do():
    code = torch.tensor(np.column_stack([rng.normal(size=4000), FACTORS[:, 1], FACTORS[:, 0]]))
    assert codes.correlations(code, torch.tensor(FACTORS)).shape == (3, 2)
    assert codes.matched_correlation(code, torch.tensor(FACTORS)) == pytest.approx(1)
