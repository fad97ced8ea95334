"""A network whose answers are known, small enough to be made on the spot: it tells red, green and blue apart."""

import numpy as np

SIZE = 32
COLOURS = ("red", "green", "blue")
WIDE = ("few", "some", "many")


def network(name="VGG16", size=SIZE, classes=3):
    """Five blocks with VGG16's names, halving each time, whose filters 1 to 3 are the three colours, 0 to 1.

    Filter 4 is silent; 5, which the first block has alone, is all three together, as are the one filter of "single" and
    of the activation "raised". The logit of a class is 20 times the mean of its colour.
    """
    import keras

    pictures = keras.Input((size, size, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1 / 255)(pictures)
    grey = keras.layers.Conv2D(1, 1, use_bias=False, kernel_initializer="ones", name="single")(scaled)
    grey = keras.layers.Activation("relu", name="raised")(grey)
    maps = keras.layers.Concatenate()([scaled, grey])
    for number, layer in enumerate(("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")):
        if number:
            maps = keras.layers.AveragePooling2D(2)(maps)
        filters = 4 if number else 5
        convolution = keras.layers.Conv2D(filters, 1, use_bias=False, activation="relu", name=layer)
        maps = convolution(maps)
        kernel = np.zeros(convolution.kernel.shape, np.float32)
        kernel[0, 0, [0, 1, 2], [0, 1, 2]] = 1
        if filters == 5:
            kernel[0, 0, 3, 4] = 1
        convolution.set_weights([kernel])
    head = keras.layers.Dense(classes, activation="softmax", name="poses")
    model = keras.Model(pictures, head(keras.layers.GlobalAveragePooling2D()(maps)), name=name)
    head.set_weights([20 * np.eye(4, classes, dtype=np.float32), np.zeros(classes, np.float32)])
    return model


def wide():
    """A network whose layers WIDE have 96, 256 and 2,048 filters."""
    import keras

    maps = pictures = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    maps = keras.layers.Rescaling(1 / 255)(maps)
    for name, filters in zip(WIDE, (96, 256, 2048), strict=True):
        maps = keras.layers.Conv2D(filters, 1, strides=2, name=name)(maps)
    return keras.Model(pictures, maps)


def picture(size=SIZE):
    """A red quarter at the top left, half as strong a green one at the top right, a blue sixteenth at the bottom."""
    half, quarter = size // 2, size // 4
    pixels = np.zeros((size, size, 3), np.uint8)
    pixels[:half, :half, 0] = 250
    pixels[:half, half:, 1] = 125
    pixels[-quarter:, -quarter:, 2] = 250
    return pixels
