using FindMe.ModelBuilder;

[assembly: AssemblyFixture(typeof(FindMe.Faces.Tests.EngineFixture))]

namespace FindMe.Faces.Tests;

/// <summary>Shares one engine among all tests, as an app does. Builds missing models first.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    public FaceEngine Engine { get; private set; } = null!;

    internal static string ModelsPath { get; } = Checkouts.Models;

    public async ValueTask InitializeAsync()
    {
        await ModelBuild.Of(Checkouts.Root, ModelsPath, TextWriter.Null).RunAsync(TestContext.Current.CancellationToken);
        Engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = ModelsPath });
    }

    public ValueTask DisposeAsync()
    {
        Engine.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Reads one of the six demo photos that come with the models.</summary>
    internal static byte[] ReadSample(int number) => File.ReadAllBytes(Path.Combine(ModelsPath, "demo", $"sample{number}.jpg"));
}
