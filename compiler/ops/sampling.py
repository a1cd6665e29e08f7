"""Reading images between their elements, shared by DeformConv, GridSample and RoiAlign."""

from __future__ import annotations

import itertools

import numpy as np

from mlc.ir import Array


def sample_linear(x: Array, places: Array) -> Array:
    """x[N, C, spatial...] at places[N, rank, P], linear between elements and 0 outside: [N, C, P]."""
    low = np.floor(places)
    y = np.zeros((*x.shape[:2], places.shape[2]), x.dtype)
    for corner in itertools.product((0, 1), repeat=places.shape[1]):
        at = low + np.array(corner, low.dtype).reshape(1, -1, 1)
        weight = np.prod(1 - np.abs(places - at), axis=1).astype(x.dtype)
        y += gather_points(x, at) * weight[:, None]
    return y


def gather_points(x: Array, at: Array) -> Array:
    """x[N, C, spatial...] at the whole-numbered places at[N, rank, P], 0 outside: [N, C, P]."""
    sizes = np.array(x.shape[2:]).reshape(1, -1, 1)
    inside = np.all((at >= 0) & (at < sizes), axis=1)
    if x.size == 0:
        return np.zeros((*x.shape[:2], at.shape[2]), x.dtype)
    whole = np.clip(np.nan_to_num(at), 0, sizes - 1).astype(np.int64)
    batch = np.arange(x.shape[0])[:, None]
    found = np.moveaxis(x, 1, -1)[(batch, *np.moveaxis(whole, 1, 0))]
    return np.where(inside[:, None], np.moveaxis(found, -1, 1), np.zeros((), x.dtype))


def reflected(at: Array, low: Array, high: Array) -> Array:
    """`at` folded back and forth at the borders until it lies in [low, high]."""
    width = np.where(high > low, high - low, 1)
    turn = np.mod(at - low, 2 * width)
    return np.where(high > low, low + np.where(turn > width, 2 * width - turn, turn), low)
