using FindMe.Models;

namespace FindMe.Faces.Tests;

public sealed class ModelBuildTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-models-");
    private readonly StringWriter _progress = new();

    // fr_feature.onnx comes over the network: a test starts with the one that is built, and the builder checks its pin.
    public ModelBuildTests() =>
        File.Copy(Path.Combine(EngineFixture.ModelsPath, "fr_feature.onnx"), Path.Combine(_folder.FullName, "fr_feature.onnx"));

    [Fact]
    public async Task The_same_weights_give_the_same_bytes()
    {
        await BuildAsync(Path.Combine(EngineFixture.Root, ModelBuild.FaceApiWeights));

        Assert.All(Directory.GetFiles(EngineFixture.ModelsPath, "*.onnx"), model =>
            Assert.Equal(File.ReadAllBytes(model), File.ReadAllBytes(Path.Combine(_folder.FullName, Path.GetFileName(model)))));
        Assert.Contains("face_landmark_68.onnx: built", _progress.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_run_finds_everything_up_to_date()
    {
        await BuildAsync(Path.Combine(EngineFixture.Root, ModelBuild.FaceApiWeights));
        _progress.GetStringBuilder().Clear();

        await BuildAsync("nowhere");

        Assert.Equal(6, _progress.ToString().Split("up to date").Length - 1);
    }

    [Fact]
    public async Task A_corrupt_weight_file_is_refused_by_name_with_what_to_do()
    {
        var weights = Directory.CreateDirectory(Path.Combine(_folder.FullName, "weights"));
        foreach (var file in Directory.GetFiles(Path.Combine(EngineFixture.Root, ModelBuild.FaceApiWeights), "ssd_mobilenetv1*"))
        {
            File.Copy(file, Path.Combine(weights.FullName, Path.GetFileName(file)));
        }

        var corrupt = Path.Combine(weights.FullName, "ssd_mobilenetv1_model.bin");
        var bytes = await File.ReadAllBytesAsync(corrupt, TestContext.Current.CancellationToken);
        bytes[1000] ^= 1;
        await File.WriteAllBytesAsync(corrupt, bytes, TestContext.Current.CancellationToken);

        var exception = await Assert.ThrowsAsync<BuildException>(() => BuildAsync(weights.FullName));

        Assert.StartsWith($"model weights {corrupt} have sha256 {Pins.Sha256(bytes)}, models/README.md pins ", exception.Message, StringComparison.Ordinal);
        Assert.EndsWith(": run npm ci", exception.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.FullName, "ssd_mobilenetv1.onnx")));
    }

    [Fact]
    public async Task A_missing_weight_file_is_refused_by_name_with_what_to_do()
    {
        var exception = await Assert.ThrowsAsync<BuildException>(() => BuildAsync(_folder.FullName));

        Assert.Contains("ssd_mobilenetv1_model-weights_manifest.json are missing: run npm ci", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_was_tampered_with_is_built_again()
    {
        var model = Path.Combine(_folder.FullName, "face_landmark_68.onnx");
        await File.WriteAllTextAsync(model, "not a model", TestContext.Current.CancellationToken);

        await BuildAsync(Path.Combine(EngineFixture.Root, ModelBuild.FaceApiWeights));

        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(EngineFixture.ModelsPath, "face_landmark_68.onnx"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(model, TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        _progress.Dispose();
        _folder.Delete(recursive: true);
    }

    private Task BuildAsync(string weights) =>
        new ModelBuild(EngineFixture.Root, weights, _folder.FullName, _progress).RunAsync(TestContext.Current.CancellationToken);
}
