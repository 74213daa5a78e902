namespace FindMe.Models;

/// <summary>Builds the models that are missing or not as pinned, from the pinned inputs.</summary>
/// <param name="root">The repository's folder.</param>
/// <param name="weightsFolder">Where face-api's weights lie; normally inside <c>node_modules</c>.</param>
/// <param name="output">Where the ONNX files go.</param>
/// <param name="progress">Gets one line a model.</param>
internal sealed class ModelBuild(string root, string weightsFolder, string output, TextWriter progress)
{
    /// <summary>face-api's weights inside the repository's folder, and the name they are pinned by.</summary>
    public const string FaceApiWeights = "node_modules/@vladmandic/face-api/model";

    private const string FacePlugin = "faceplugin-face-recognition-js@0.0.1";
    private const string FacePluginModel = "model/fr_feature.onnx";
    private const string NsfwJs = "nsfwjs@4.3.0";
    private const string NsfwJsModel = "dist/models/mobilenet_v2/model.min.js";
    private const string NsfwJsWeights = "dist/models/mobilenet_v2/group1-shard1of1.min.js";

    private readonly Pins _pins = Pins.Read(Path.Combine(root, "models", "README.md"));

    /// <summary>Builds every model that is not there yet.</summary>
    /// <exception cref="BuildException">An input is missing or not the pinned one, or the result is not.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(output);
        await BuildAsync("ssd_mobilenetv1.onnx", () => FromFaceApi("ssd_mobilenetv1", SsdMobileNet.Build), cancellationToken);
        await BuildAsync("ssd_mobilenetv1_int8.onnx", () => FromFaceApi("ssd_mobilenetv1", SsdMobileNet.BuildQuantized), cancellationToken);
        await BuildAsync("face_landmark_68.onnx", () => FromFaceApi("face_landmark_68", FaceLandmarks68.Build), cancellationToken);
        await BuildAsync("face_recognition.onnx", () => FromFaceApi("face_recognition", FaceRecognitionResNet.Build), cancellationToken);
        await BuildAsync("fr_feature.onnx", () => FromFacePluginAsync(cancellationToken), cancellationToken);
        await BuildAsync("nsfw_mobilenet_v2.onnx", () => FromNsfwJsAsync(cancellationToken), cancellationToken);
        await CopyDescriptionsAsync("recipes", cancellationToken);
        await CopyDescriptionsAsync("classifiers", cancellationToken);
    }

    // Beside the models, so that the engine finds both in one folder; a description of an operator's own there is left alone.
    private async Task CopyDescriptionsAsync(string folder, CancellationToken cancellationToken)
    {
        foreach (var description in Directory.GetFiles(Path.Combine(root, "models", folder)))
        {
            var text = await File.ReadAllBytesAsync(description, cancellationToken);
            var path = Path.Combine(output, Path.GetFileName(description));
            if (!File.Exists(path) || Pins.Sha256(await File.ReadAllBytesAsync(path, cancellationToken)) != Pins.Sha256(text))
            {
                await WriteAsync(path, text, cancellationToken);
            }
        }
    }

    private async Task BuildAsync(string model, Func<Task<byte[]>> build, CancellationToken cancellationToken)
    {
        var path = Path.Combine(output, model);
        var pin = _pins[model];
        if (File.Exists(path) && Pins.Sha256(await File.ReadAllBytesAsync(path, cancellationToken)) == pin)
        {
            await progress.WriteLineAsync($"{model}: up to date");
            return;
        }

        var bytes = await build();
        var digest = Pins.Sha256(bytes);
        if (digest != pin)
        {
            throw new BuildException(
                $"{model} came out with sha256 {digest}, models/README.md pins {pin}: if the change is meant, update the table");
        }

        await WriteAsync(path, bytes, cancellationToken);
        await progress.WriteLineAsync($"{model}: built, {bytes.Length / 1e6:0.0} MB");
    }

    // A reader sees the old file or the whole new one, never half of it.
    private static async Task WriteAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        await File.WriteAllBytesAsync(temporary, bytes, cancellationToken);
        File.Move(temporary, path, overwrite: true);
    }

    private async Task<byte[]> FromFaceApi(string name, Func<Weights, byte[]> build)
    {
        var manifest = await ReadWeightsAsync($"{name}_model-weights_manifest.json");
        var data = await ReadWeightsAsync($"{name}_model.bin");
        return build(Weights.Read(manifest, data));
    }

    private async Task<byte[]> ReadWeightsAsync(string file)
    {
        var path = Path.Combine(weightsFolder, file);
        if (!File.Exists(path))
        {
            throw new BuildException($"model weights {path} are missing: run npm ci");
        }

        var bytes = await File.ReadAllBytesAsync(path);
        var digest = Pins.Sha256(bytes);
        var pin = _pins[$"{FaceApiWeights}/{file}"];
        return digest == pin
            ? bytes
            : throw new BuildException($"model weights {path} have sha256 {digest}, models/README.md pins {pin}: run npm ci");
    }

    private async Task<byte[]> FromFacePluginAsync(CancellationToken cancellationToken)
    {
        var files = await NpmTarball.DownloadAsync(FacePlugin, [FacePluginModel], _pins, cancellationToken);
        return FrFeature.Rewrite(files[0]);
    }

    private async Task<byte[]> FromNsfwJsAsync(CancellationToken cancellationToken)
    {
        var files = await NpmTarball.DownloadAsync(NsfwJs, [NsfwJsModel, NsfwJsWeights], _pins, cancellationToken);
        return NsfwMobileNetV2.Build(files[0], files[1]);
    }
}
