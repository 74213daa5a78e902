using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>How long a photo may be worked on: its own time, and a moment once the app is told to end.</summary>
/// <remarks>
/// Whoever delivered it waits no longer, or is gone. Work beyond that would be in vain: its verdict could not be saved, or another replica
/// has the photo already.
/// </remarks>
internal sealed class PhotoDeadlines : IDisposable
{
    private readonly CancellationTokenSource _stopped = new();
    private readonly CancellationTokenRegistration _stopping;
    private readonly TimeSpan _photoTime;

    public PhotoDeadlines(IOptions<CompareOptions> options, IHostApplicationLifetime lifetime)
    {
        _photoTime = options.Value.PhotoTime;
        _stopping = lifetime.ApplicationStopping.Register(() => _stopped.CancelAfter(options.Value.StopTime));
    }

    /// <summary>The deadline of a photo that is begun now.</summary>
    /// <param name="aborted">Whoever delivered it has gone.</param>
    public CancellationTokenSource Begin(CancellationToken aborted)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(aborted, _stopped.Token);
        deadline.CancelAfter(_photoTime);
        return deadline;
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _stopped.Dispose();
    }
}
