import keras
import numpy as np

from common.learning.optimizer import adamw


def test_one_step_is_decay_then_adam_as_in_tensorflow_addons():
    variable = keras.Variable(np.array([2.0, -1.0], "float32"))
    gradient = np.array([0.5, -0.25])
    optimizer = adamw(learning_rate=0.003, weight_decay=1e-4)
    optimizer.build([variable])
    optimizer.apply([keras.ops.convert_to_tensor(gradient, "float32")], [variable])
    decayed = np.array([2.0, -1.0]) * (1 - 1e-4)  # the decay is not multiplied by the learning rate
    moment, square = 0.1 * gradient, 0.001 * gradient**2
    step = 0.003 * np.sqrt(1 - 0.999) / (1 - 0.9) * moment / (np.sqrt(square) + 1e-7)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), decayed - step, rtol=3e-7)


def test_without_gradient_only_the_decay_is_left():
    variable = keras.Variable(np.array([1.0], "float32"))
    optimizer = adamw(learning_rate=0.5, weight_decay=0.01)
    optimizer.build([variable])
    for _ in range(2):
        optimizer.apply([keras.ops.zeros(1)], [variable])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(variable), [0.99 * 0.99], rtol=1e-6)


def test_biases_scales_and_offsets_decay_too():
    layer = keras.layers.BatchNormalization()
    layer.build((None, 4, 4, 3))
    optimizer = adamw(learning_rate=0.003, weight_decay=0.1)
    optimizer.build(layer.trainable_variables)
    optimizer.apply([keras.ops.zeros(3) for _ in layer.trainable_variables], layer.trainable_variables)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer.gamma), np.full(3, 0.9), rtol=1e-6)


def test_moments_exist_after_build_and_not_before():
    variable = keras.Variable(np.zeros(3, "float32"))
    optimizer = adamw(0.003, 1e-4)
    before = [value.path.split("/")[-1] for value in optimizer.variables]
    optimizer.build([variable])
    assert before == ["iteration", "learning_rate"]
    assert len(optimizer.variables) == 4  # and first and second moment


def test_compile_adds_loss_scaling_to_mixed_float16():
    image = keras.Input((4,), dtype="float32")
    model = keras.Model(image, keras.layers.Dense(2, dtype="mixed_float16")(image))
    model.dtype_policy = "mixed_float16"
    model.compile(optimizer=adamw(0.003, 1e-4), loss="mse")
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
