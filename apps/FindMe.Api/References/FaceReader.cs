using FindMe.Faces;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>The face engine as the page needs it: reads references and renders photos, a few at a time. Loads its models while the app starts.</summary>
internal sealed class FaceReader(IOptions<FaceEngineOptions> options) : IHostedService, IDisposable
{
    // Pictures in memory are large: whoever comes next waits a moment. Faces are read on one at a time, which takes 100 MB and all idle processors.
    private readonly SemaphoreSlim _readGate = new(1);
    private readonly SemaphoreSlim _renderGate = new(Math.Max(2, Environment.ProcessorCount));
    private readonly Lazy<FaceEngine> _engine = new(() => FaceEngine.Load(options.Value));

    /// <summary>The model and alignment of the embeddings that this engine makes.</summary>
    public string Recipe => _engine.Value.Recipe;

    /// <summary>Keeps a person's references to one person.</summary>
    public OnePerson OnePerson => new(_engine.Value.MatchDistance, _engine.Value.OtherPersonDistance, _engine.Value.Recipe);

    /// <summary>Beyond this distance two photos show two people.</summary>
    public float OtherPersonDistance => _engine.Value.OtherPersonDistance;

    /// <summary>Reads the face on a picture.</summary>
    /// <exception cref="PhotoException">It is not a picture that can be read.</exception>
    public Task<ReferenceAnalysis> ReadAsync(ReadOnlyMemory<byte> photo, int? face, CancellationToken cancellationToken) =>
        RunAsync(_readGate, () => _engine.Value.ReadReference(photo, face, cancellationToken), cancellationToken);

    /// <summary>Renders a photo as an upright JPEG.</summary>
    /// <exception cref="PhotoException">It is not a picture that can be read.</exception>
    public Task<byte[]> RenderAsync(byte[] photo, int maxSide, CancellationToken cancellationToken) =>
        RunAsync(_renderGate, () => PhotoRendering.ToJpeg(photo, maxSide), cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() => _ = _engine.Value, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _readGate.Dispose();
        _renderGate.Dispose();
        if (_engine.IsValueCreated)
        {
            _engine.Value.Dispose();
        }
    }

    private static async Task<T> RunAsync<T>(SemaphoreSlim gate, Func<T> work, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(work, cancellationToken);
        }
        finally
        {
            gate.Release();
        }
    }
}
