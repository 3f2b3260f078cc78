"""Networks of Keras. tf_keras saves its files; they are also rewritten as Keras 1 and other versions name them."""

import h5py
import numpy as np
import tf_keras
from tf_keras import layers

from networks_probe import PHOTOS, compare_layers

CAFFE = tf_keras.applications.vgg16.preprocess_input


def pixels(size, preprocess):
    load = tf_keras.utils.load_img
    loaded = [tf_keras.utils.img_to_array(load(path, target_size=(size, size))) for path in PHOTOS]
    return preprocess(np.stack(loaded))


def randomise(model, seed):
    """He's weights keep activations in range; biases and normalisation off neutral."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        for weight in layer.weights:
            kind, shape = weight.name.split("/")[-1].split(":")[0], weight.shape
            if kind in ("gamma", "moving_variance"):
                weight.assign(random.uniform(0.8, 1.25, shape))
            elif kind.endswith("kernel"):
                fan_in = np.prod(shape[:2]) if kind == "depthwise_kernel" else np.prod(shape[:-1])
                weight.assign(random.normal(0, (2 / fan_in) ** 0.5, shape))
            else:
                weight.assign(random.normal(0, 0.1, shape))
    return model


def soften(model, inputs):
    """Scales the last layer so that its softmax is neither flat nor one class alone."""
    before, last = tf_keras.Model(model.input, model.layers[-1].input), model.layers[-1]
    features = before(inputs, training=False).numpy()
    kernel, bias = last.get_weights()
    last.set_weights([kernel * 2 / (features @ kernel + bias).std(), bias])


def taps(model, inputs, names):
    """The outputs of layers; names: by ours, theirs where it differs."""
    outputs = [model.get_layer(name).output for name in names.values()]
    features = tf_keras.Model(model.input, outputs)(inputs, training=False)
    return {name: each.numpy() for name, each in zip(names, features)}


def same(*names):
    return {name: name for name in names}


def save(model, file):
    model.save_weights(file, save_format="h5")
    return file


def rewrite(source, target, rename, keras1=False):
    """The same weights with other layer names, and in Keras 1's form: no version, "conv1_W:0", "bn_running_std:0"."""
    kinds = {"kernel": "W", "bias": "b", "moving_mean": "running_mean", "moving_variance": "running_std"}
    with h5py.File(source) as old, h5py.File(target, "w") as new:
        names = [str(name) for name in old.attrs["layer_names"]]
        new.attrs["layer_names"] = [rename.get(name, name).encode() for name in names]
        if not keras1:
            new.attrs["backend"], new.attrs["keras_version"] = old.attrs["backend"], old.attrs["keras_version"]
        for name in names:
            weights, layer = [], rename.get(name, name)
            group = new.create_group(layer)
            for weight in old[name].attrs["weight_names"]:
                kind = weight.split("/")[-1].split(":")[0]
                weights.append(f"{layer}_{kinds.get(kind, kind)}:0" if keras1 else f"{layer}/{kind}:0")
                group.create_dataset(weights[-1], data=old[name][weight])
            group.attrs["weight_names"] = [weight.encode() for weight in weights]
    return target


def check_vgg16(build, folder):
    inputs = pixels(224, CAFFE)
    model = randomise(tf_keras.applications.VGG16(weights=None), 21)
    soften(model, inputs)
    theirs = taps(model, inputs, same("fc1", "fc2", "predictions", "block3_conv2", "block5_pool", "flatten"))
    file = save(model, folder / "vgg16.h5")
    keras1 = rewrite(file, folder / "keras1.h5", {}, keras1=True)
    return compare_layers(build, "vgg16", file, theirs) + compare_layers(build, "vgg16", keras1,
                                                                         {"fc1": theirs["fc1"]})


def vgg(convolution, pool, top, classes):
    """VGG-16 with other layer names; top: the names of two dense layers with their ReLU apart, or None."""
    image = value = layers.Input((224, 224, 3))
    for block, (channels, count) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), 1):
        for i in range(1, count + 1):
            value = layers.Conv2D(channels, 3, padding="same", activation="relu",
                                  name=convolution.format(block, i))(value)
        value = layers.MaxPooling2D(name=pool.format(block))(value)
    value = layers.Flatten(name="flatten")(value)
    if top:
        for name in top:
            value = layers.Dense(4096, name=name)(value)
            value = layers.Activation("relu", name=f"{name}/relu")(value)
        value = layers.Dense(classes, name="fc8")(value)
        return tf_keras.Model(image, layers.Activation("softmax", name="fc8/softmax")(value))
    for name in ("1", "2"):
        value = layers.Dense(4096, activation="relu", name=f"fc{name}")(value)
        value = layers.Dropout(0.5, name=f"drop_fc{name}")(value)
    return tf_keras.Model(image, layers.Dense(classes, activation="softmax", name="predictions")(value))


def check_vgg16_places(build, folder):
    inputs, results = pixels(224, CAFFE), []
    for backbone, classes, layer in (("vgg16_places365", 365, "fc1"), ("vgg16_hybrid1365", 1365, "fc2")):
        model = randomise(vgg("block{}_conv{}", "block{}_pool", None, classes), 22)
        soften(model, inputs)
        theirs = taps(model, inputs, same(layer, "predictions"))
        results += compare_layers(build, backbone, save(model, folder / f"{backbone}.h5"), theirs)
    return results


def check_vgg16_vggface(build, folder):
    inputs = pixels(224, lambda x: x[..., ::-1] - np.float32([93.5940, 104.7624, 129.1863]))
    model = randomise(vgg("conv{}_{}", "pool{}", ("fc6", "fc7"), 2622), 23)
    file = save(model, folder / "vggface.h5")
    theirs = taps(model, inputs, same("fc6", "fc6/relu", "fc7", "fc7/relu", "fc8", "conv4_2", "pool5"))
    return compare_layers(build, "vgg16_vggface", file, theirs)


def old_resnet50(same_padding, pool_padding):
    """keras_applications 1.0.2's ResNet50, whose names and epsilon are those of the first published file."""
    image = layers.Input((224, 224, 3))

    def unit(value, width, kernel, name, stride=1, activate=True):
        value = layers.Conv2D(width, kernel, stride, padding="same" if kernel == 3 else "valid",
                              name=f"res{name}")(value)
        value = layers.BatchNormalization(name=f"bn{name}")(value)
        return layers.Activation("relu")(value) if activate else value

    value = image if same_padding else layers.ZeroPadding2D(3)(image)
    value = layers.Conv2D(64, 7, 2, padding="same" if same_padding else "valid", name="conv1")(value)
    value = layers.Activation("relu")(layers.BatchNormalization(name="bn_conv1")(value))
    value = layers.ZeroPadding2D(1)(value) if pool_padding else value
    value = layers.MaxPooling2D(3, 2)(value)
    for stage, blocks in ((2, "abc"), (3, "abcd"), (4, "abcdef"), (5, "abc")):
        width = 16 << stage
        for block in blocks:
            name, stride, first = f"{stage}{block}_branch", 2 if stage > 2 and block == "a" else 1, block == "a"
            inner = unit(unit(value, width, 1, f"{name}2a", stride), width, 3, f"{name}2b")
            inner = unit(inner, 4 * width, 1, f"{name}2c", activate=False)
            shortcut = unit(value, 4 * width, 1, f"{name}1", stride, activate=False) if first else value
            out = f"conv{stage}_block{blocks.index(block) + 1}_out"
            value = layers.Activation("relu", name=out)(layers.add([inner, shortcut]))
    value = layers.GlobalAveragePooling2D(name="avg_pool")(value)
    return tf_keras.Model(image, layers.Dense(1000, activation="softmax", name="fc1000")(value))


def check_resnet50_keras_old(build, folder):
    inputs = pixels(224, CAFFE)
    model = randomise(old_resnet50(False, True), 24)
    soften(model, inputs)
    file = save(model, folder / "resnet50.h5")
    keras1 = rewrite(file, folder / "keras1.h5", {}, keras1=True)
    names = same("avg_pool", "conv2_block3_out") | {"predictions": "fc1000"}
    results = compare_layers(build, "resnet50_keras", file, taps(model, inputs, names))
    for backbone, padding in (("resnet50_keras", (False, True)), ("resnet50_keras_2.2.0", (False, False)),
                              ("resnet50_keras_2.0.7", (True, False))):
        variant = old_resnet50(*padding)
        variant.set_weights(model.get_weights())
        results += compare_layers(build, backbone, keras1, taps(variant, inputs, same("avg_pool", "conv2_block3_out")))
    return results


def check_resnet50_keras_new(build, folder):
    inputs = pixels(224, CAFFE)
    model = randomise(tf_keras.applications.ResNet50(weights=None), 25)
    soften(model, inputs)
    names = same("avg_pool", "predictions", "conv1_relu", "pool1_pool", "conv3_block4_out")
    theirs = taps(model, inputs, names)
    file = save(model, folder / "resnet50.h5")
    probs = rewrite(file, folder / "probs.h5", {"predictions": "probs"})
    return compare_layers(build, "resnet50_keras", file, theirs) + compare_layers(
        build, "resnet50_keras", probs, {"predictions": theirs["predictions"]})


def xception_numbers(model):
    """Keras 1's names, counted in the order in which it made the layers: a block's projection before the rest of it."""
    projections = [layer.name for layer in model.layers if layer.name.startswith("conv2d")]
    norms = [layer.name for layer in model.layers if layer.name.startswith("batch_normalization")]
    by_block = dict(zip((2, 3, 4, 13), norms))
    convolutions = ["block1_conv1", "block1_conv2", *projections]
    order, separables = ["block1_conv1_bn", "block1_conv2_bn"], []
    for block in range(2, 15):
        order += [by_block[block]] if block in by_block else []
        for i in range(1, 4 if 5 <= block <= 12 else 3):
            separables.append(f"block{block}_sepconv{i}")
            order.append(f"block{block}_sepconv{i}_bn")
    assert (len(order), len(separables), len(convolutions)) == (40, 34, 6)
    rename = {name: f"batchnormalization_{i}" for i, name in enumerate(order, 1)}
    rename |= {name: f"separableconvolution2d_{i}" for i, name in enumerate(separables, 1)}
    rename |= {name: f"convolution2d_{i}" for i, name in enumerate(convolutions, 1)}
    return rename | {"predictions": "dense_2"}


def check_xception(build, folder):
    application = tf_keras.applications.xception
    inputs = pixels(299, application.preprocess_input)
    tf_keras.applications.Xception(weights=None)  # so that the next one's numbers do not start at 1
    model = randomise(tf_keras.applications.Xception(weights=None), 26)
    soften(model, inputs)
    added = [layer.name for layer in model.layers if layer.name.startswith("add")]
    names = same("block14_sepconv2_act", "avg_pool", "predictions") | {"add_2": added[1], "add_12": added[11]}
    theirs = taps(model, inputs, names)
    file = save(model, folder / "xception.h5")
    keras1 = rewrite(file, folder / "keras1.h5", xception_numbers(model), keras1=True)
    return compare_layers(build, "xception", file, theirs) + compare_layers(
        build, "xception", keras1, {layer: theirs[layer] for layer in ("avg_pool", "predictions")})


def check_inception_v3(build, folder):
    application = tf_keras.applications.inception_v3
    inputs = pixels(299, application.preprocess_input)
    tf_keras.applications.InceptionV3(weights=None)
    model = randomise(tf_keras.applications.InceptionV3(weights=None), 27)
    soften(model, inputs)
    theirs = taps(model, inputs, same("mixed0", "mixed4", "mixed10", "avg_pool", "predictions"))
    return compare_layers(build, "inception_v3", save(model, folder / "inception_v3.h5"), theirs)


def check_densenet201_keras(build, folder):
    application = tf_keras.applications.densenet
    inputs = pixels(224, application.preprocess_input)
    model = randomise(tf_keras.applications.DenseNet201(weights=None), 28)
    soften(model, inputs)
    names = same("avg_pool", "relu", "conv3_block12_concat") | {"flatten": "relu", "fc1000": "predictions"}
    theirs = taps(model, inputs, names)
    file = save(model, folder / "densenet201.h5")
    published = rewrite(file, folder / "published.h5", {"predictions": "fc1000"})
    keras3 = rewrite(file, folder / "keras3.h5", {"conv1/conv": "conv1_conv", "conv1/bn": "conv1_bn"})
    results = compare_layers(build, "densenet201_keras", file, theirs)
    for other in (published, keras3):
        results += compare_layers(build, "densenet201_keras", other, {"fc1000": theirs["fc1000"]})
    return results
