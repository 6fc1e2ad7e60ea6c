"""The layers that a saved network may have, by the names of Keras."""

from common.learning.network.saved import pixel_layers as pixel
from common.learning.network.saved import window_layers as window
from common.learning.network.saved.layer_config import InputLayer, LayerConfig

LAYERS: dict[str, type[LayerConfig]] = {
    "Activation": pixel.ActivationLayer,
    "AveragePooling2D": window.Pooling,
    "MaxPooling2D": window.Pooling,
    **dict.fromkeys(("Add", "Average", "Multiply", "Subtract"), pixel.Merging),
    **{
        layer.__name__: layer
        for layer in (
            InputLayer,
            pixel.BatchNormalization,
            pixel.Concatenate,
            pixel.Dense,
            pixel.Dropout,
            pixel.ELU,
            pixel.GroupNormalization,
            pixel.LayerNormalization,
            pixel.LeakyReLU,
            pixel.Normalization,
            pixel.PReLU,
            pixel.ReLU,
            pixel.Rescaling,
            pixel.Softmax,
            pixel.SpatialDropout2D,
            window.Conv2D,
            window.Conv2DTranspose,
            window.Cropping2D,
            window.DepthwiseConv2D,
            window.GlobalAveragePooling2D,
            window.Resizing,
            window.SeparableConv2D,
            window.UpSampling2D,
            window.ZeroPadding2D,
        )
    },
}
