"""What a network is built from and how it is trained: values that script and training process share, without Keras."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NetworkSettings:
    """What a network is built from.

    Attributes:
        height: Of image and prediction, in pixels; a multiple of 16.
        width: As height.
        channels: Of the image.
        num_classes: Channels of the output.
        alpha: Width factor: a block with 16 channels gets `int(16 * alpha)`.
        activation: Name of a Keras activation, after every convolution but the last.
    """

    height: int
    width: int
    channels: int = 3
    num_classes: int = 35
    alpha: float = 1.0
    activation: str = "relu"

    @property
    def size_wh(self):
        """Width and height of image and prediction, in pixels."""
        return self.width, self.height


@dataclass(frozen=True)
class TrainingSettings:
    """How one network is trained.

    Attributes:
        num_epochs: Passes over the training images.
        batch_size: Images per optimiser step.
        learning_rate: Of AdamW, constant.
        weight_decay: Share of every weight that is taken off per step, not multiplied by the learning rate.
        seed: Of the first weights and of the order of images.
    """

    num_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int
