"""Light on a relief."""

import cv2
import numpy as np


def shade(relief, light):
    """Diffuse light, highlight and outline of a relief: three float32 (h, w) arrays in 0 to 1.

    `light` is a unit vector (x, y, z) towards the light. The diffuse part holds soft cast shadows and the
    darkening of hollows; the outline is 1 where depth jumps.
    """
    floor = relief.height[relief.covered].min() if relief.covered.any() else 0.0
    height = np.where(relief.covered, relief.height, floor).astype(np.float32)
    size = max(height.shape)
    gy, gx = np.gradient(
        cv2.bilateralFilter(height, 7, 0.02 * size, 2.0)
    )  # soft flesh, but crisp where depth jumps
    slope = np.sqrt(gx**2 + gy**2 + 1)
    half = light + (0, 0, 1)
    half = half / np.linalg.norm(half)
    lambert, highlight = (np.maximum((v[2] - gx * v[0] - gy * v[1]) / slope, 0) for v in (light, half))
    radius = size / 40
    hollow = np.clip((cv2.GaussianBlur(height, (0, 0), radius) - height) / (2.5 * radius), 0, 1)
    diffuse = lambert * (1 - 0.6 * _cast_shadow(height, light)) * (1 - 0.55 * hollow)
    outline = np.clip((np.hypot(gx, gy) - 1.7) / 3, 0, 1)
    return diffuse.astype(np.float32), highlight.astype(np.float32), outline.astype(np.float32)


def _cast_shadow(height, light, steps=8):
    """How much of the light is blocked at each pixel, 0 to 1, by walking from it towards the light."""
    h, w = height.shape
    blocked = np.zeros_like(height)
    for step in range(1, steps + 1):
        way = max(h, w) / 6 * step / steps
        shift = np.float32([[1, 0, -round(way * light[0])], [0, 1, -round(way * light[1])]])
        towards = cv2.warpAffine(
            height, shift, (w, h), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        blocked = np.maximum(blocked, towards - height - np.float32(way * light[2]))
    return cv2.GaussianBlur(np.clip(blocked / (0.05 * max(h, w)), 0, 1), (0, 0), 1.5)
