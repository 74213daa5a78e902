using FindMe.Faces;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>The face engine as the page needs it: reads references and renders photos, a few at a time. Loads its models while the app starts.</summary>
internal sealed class FaceReader(IOptions<FaceEngineOptions> options) : IHostedService, IDisposable
{
    // Pictures in memory are large, so the next request waits a moment.
    private readonly SemaphoreSlim _renderGate = new(Math.Max(2, Environment.ProcessorCount));
    private readonly Lazy<FaceEngine> _engine = new(() => FaceEngine.Load(options.Value));

    /// <summary>The model and alignment of the embeddings that this engine makes.</summary>
    public string Recipe => _engine.Value.Recipe;

    /// <summary>Keeps a person's references to one person.</summary>
    public OnePerson OnePerson => new(_engine.Value.MatchDistance, _engine.Value.OtherPersonDistance, _engine.Value.Recipe);

    /// <summary>Beyond this distance two photos show two people.</summary>
    public float OtherPersonDistance => _engine.Value.OtherPersonDistance;

    /// <summary>How much nearer than usual a face must be in an album whose people look alike.</summary>
    public float AlbumMarginOf(IEnumerable<AlbumPhoto> photos) => _engine.Value.AlbumMarginOf(photos);

    /// <summary>The verdict on a face at a distance, and the confidence in it.</summary>
    public (MatchKind Kind, float Confidence) VerdictAt(float distance) => (_engine.Value.KindAt(distance), _engine.Value.ConfidenceAt(distance));

    /// <summary>Reads the face on a picture.</summary>
    /// <exception cref="PhotoException">It is not a picture that can be read.</exception>
    public Task<ReferenceAnalysis> ReadAsync(ReadOnlyMemory<byte> photo, int? face, CancellationToken cancellationToken) =>
        _engine.Value.AnalyzeReferenceAsync(photo, face, cancellationToken);

    /// <summary>Renders a photo as an upright JPEG.</summary>
    /// <exception cref="PhotoException">It is not a picture that can be read.</exception>
    public async Task<byte[]> RenderAsync(byte[] photo, int maxSide, CancellationToken cancellationToken)
    {
        await _renderGate.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => PhotoRendering.ToJpeg(photo, maxSide), cancellationToken);
        }
        finally
        {
            _renderGate.Release();
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() => _ = _engine.Value, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _renderGate.Dispose();
        if (_engine.IsValueCreated)
        {
            _engine.Value.Dispose();
        }
    }
}
