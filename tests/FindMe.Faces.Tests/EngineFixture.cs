using FindMe.Models;

[assembly: AssemblyFixture(typeof(FindMe.Faces.Tests.EngineFixture))]

namespace FindMe.Faces.Tests;

/// <summary>One engine for all tests, as an app has one; the models are built first if they are not there.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    public FaceEngine Engine { get; private set; } = null!;

    internal static string Root { get; } = Repository.FindRoot();

    internal static string ModelsPath { get; } = Path.Combine(Root, "artifacts", "models");

    internal static string FaceApiFolder { get; } = Path.Combine(Root, "node_modules", "@vladmandic", "face-api");

    public async ValueTask InitializeAsync()
    {
        await new ModelBuild(Root, Path.Combine(Root, ModelBuild.FaceApiWeights), ModelsPath, TextWriter.Null)
            .RunAsync(TestContext.Current.CancellationToken);
        Engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = ModelsPath });
    }

    public ValueTask DisposeAsync()
    {
        Engine.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>One of the six photos of face-api's own demo, which come with its npm package.</summary>
    internal static byte[] ReadSample(int number) => File.ReadAllBytes(Path.Combine(FaceApiFolder, "demo", $"sample{number}.jpg"));
}
