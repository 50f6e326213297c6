"""How much the numbers of a code have to do with factors that are known: NumPy arrays in, numbers
out.

Locatello et al. (2019, arXiv:1811.12359) compare many such measures; these are the plainest two.
"""
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score


def correlations(codes, factors) -> np.ndarray:
    """The correlation of each number of the code with each factor, without its sign.

    Args:
        codes: (N, d).
        factors: (N, k).

    Returns:
        (d, k), from 0 to 1. A number that does not vary has correlation 0 with everything.
    """
    codes, factors = np.asarray(codes, float), np.asarray(factors, float)
    both = [(each - each.mean(axis=0)) / np.maximum(each.std(axis=0), 1e-12)
            for each in (codes, factors)]
    return abs(both[0].T @ both[1]) / len(codes)


def matched_correlation(codes, factors) -> float:
    """The mean correlation after each factor has been given a number of the code of its own.

    Of all ways to pair them it is the best (the Hungarian method): 1 if each factor is a number of
    the code, up to scale and sign. It punishes codes that mix two factors; `linear_readout` does
    not.

    Args:
        codes: (N, d).
        factors: (N, k), k at most d: with more factors than numbers only the d best matched ones
            would count, and nobody would notice.

    Returns:
        The mean of k correlations, from 0 to 1.
    """
    table = correlations(codes, factors)
    return float(table[linear_sum_assignment(table, maximize=True)].mean())


def linear_readout(codes, factors) -> np.ndarray:
    """R^2 of the best linear prediction of each factor from all numbers of the code.

    Args:
        codes: (N, d).
        factors: (N, k).

    Returns:
        (k,), from 0 (the code tells nothing that a linear map could use) to 1; 1 for a factor that
        does not vary.
    """
    codes, factors = np.asarray(codes, float), np.asarray(factors, float)
    read = LinearRegression().fit(codes, factors).predict(codes)
    return r2_score(factors, read, multioutput="raw_values")
