using FindMe.ModelBuilder;

namespace FindMe.Faces.Tests;

public sealed class ModelBuildTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-models-");
    private readonly StringWriter _progress = new();

    [Fact]
    public async Task Building_from_the_same_packages_gives_the_same_bytes()
    {
        await BuildAsync();

        var built = Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(_folder.FullName, file)).ToList();
        Assert.Equal(7, built.Count(file => file.EndsWith(".onnx", StringComparison.Ordinal)));
        Assert.Equal(6, built.Count(file => file.StartsWith("demo", StringComparison.Ordinal)));
        Assert.All(built, file => Assert.Equal(File.ReadAllBytes(Path.Combine(EngineFixture.ModelsPath, file)), File.ReadAllBytes(Path.Combine(_folder.FullName, file))));
        Assert.Contains("face_landmark_68.onnx: built", _progress.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_run_finds_everything_up_to_date_and_needs_no_package()
    {
        await BuildAsync();
        _progress.GetStringBuilder().Clear();

        await WithoutPackages().RunAsync(TestContext.Current.CancellationToken);

        Assert.Equal($"models: up to date{Environment.NewLine}", _progress.ToString());
    }

    [Fact]
    public async Task A_modified_model_is_rebuilt()
    {
        var model = Path.Combine(_folder.FullName, "face_landmark_68.onnx");
        await File.WriteAllTextAsync(model, "not a model", TestContext.Current.CancellationToken);

        await BuildAsync();

        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(EngineFixture.ModelsPath, "face_landmark_68.onnx"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(model, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Without_packages_and_network_the_build_writes_nothing()
    {
        await Assert.ThrowsAsync<BuildException>(() => WithoutPackages().RunAsync(TestContext.Current.CancellationToken));

        Assert.Empty(_folder.GetFiles("*.onnx"));
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
    public void A_script_that_exports_a_function_is_rejected() =>
        Assert.Throws<BuildException>(() => BrowserifyModule.Read("t.exports={a:function(){return 1}}"));

    public void Dispose()
    {
        _progress.Dispose();
        _folder.Delete(recursive: true);
    }

    private Task BuildAsync() =>
        ModelBuild.Of(Checkouts.Root, _folder.FullName, _progress).RunAsync(TestContext.Current.CancellationToken);

    // Nothing listens on the discard port, so downloads fail at once.
    private ModelBuild WithoutPackages()
    {
        var pins = Pins.Read(Checkouts.Root);
        var nowhere = new PackageCache(Path.Combine(_folder.FullName, "cache"), new Uri("http://127.0.0.1:9/"), pins, TextWriter.Null);
        return new ModelBuild(Checkouts.Root, nowhere, pins, _folder.FullName, _progress);
    }
}
