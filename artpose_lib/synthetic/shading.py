def shade(relief, light):
    """Diffuse light, highlight and outline of a relief: three float32 (h, w) arrays in 0 to 1.

    `light` is a unit vector (x, y, z) towards the light. The diffuse part holds soft cast shadows and the darkening
    of hollows; the outline is 1 where depth jumps.
    """
    floor = relief.height[relief.covered].min() if relief.covered.any() else 0.0
    height = np.where(relief.covered, relief.height, floor).astype(np.float32)
    smooth = cv2.bilateralFilter(height, 7, 0.02 * max(height.shape), 2.0)
    gy, gx = np.gradient(smooth)
    norm = np.sqrt(gx**2 + gy**2 + 1)
    lambert = np.maximum((-gx * light[0] - gy * light[1] + light[2]) / norm, 0)
    half = np.asarray(light) + (0, 0, 1)
    half = half / np.linalg.norm(half)
    highlight = np.maximum((-gx * half[0] - gy * half[1] + half[2]) / norm, 0)
    radius = max(height.shape) / 40
    hollow = np.clip((cv2.GaussianBlur(height, (0, 0), radius) - height) / (2.5 * radius), 0, 1)
    diffuse = lambert * (1 - 0.6 * cast_shadow(height, light)) * (1 - 0.55 * hollow)
    outline = np.clip((np.hypot(gx, gy) - 1.7) / 3, 0, 1)
    return diffuse.astype(np.float32), highlight.astype(np.float32), outline.astype(np.float32)


def cast_shadow(height, light, steps=10):
    """How much of the light is blocked at each pixel, 0 to 1, by walking from it towards the light."""
    h, w = height.shape
    blocked = np.zeros_like(height)
    reach = max(h, w) / 6
    for step in range(1, steps + 1):
        way = reach * step / steps
        dx, dy = int(round(way * light[0])), int(round(way * light[1]))
        shift = np.float32([[1, 0, -dx], [0, 1, -dy]])
        towards = cv2.warpAffine(height, shift, (w, h), borderMode=cv2.BORDER_REPLICATE)
        blocked = np.maximum(blocked, towards - height - way * light[2])
    return cv2.GaussianBlur(np.clip(blocked / (0.05 * max(h, w)), 0, 1), (0, 0), 1.5)
