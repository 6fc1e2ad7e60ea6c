"""What a network is built from and how it is trained: values that script and training process share, without Keras."""

from dataclasses import dataclass, field, fields

from common.recipes import Recipe, all_choices


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
class TrainingSettings(Recipe):
    """How one network is trained: a recipe, and the seed of the first weights, the order and changes of images."""

    seed: int = field(default=0, kw_only=True)

    @property
    def what_counts(self):
        """What the weights depend on, by name: choices a recipe has like the study are left out.

        So a training by the study's recipe has the same fingerprint as before there were others.
        """
        return {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default or each.name == "seed"
        }

    @classmethod
    def from_json(cls, values):
        """Makes settings of the `asdict` that went through JSON; raises TypeError if there are other names in it."""
        return cls(**all_choices(values))
