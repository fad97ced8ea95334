"""The networks: four backbones with ImageNet weights, the classifier built on them, and features from it."""
