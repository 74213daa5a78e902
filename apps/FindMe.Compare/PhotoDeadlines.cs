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
    private readonly TimeProvider _time;

    public PhotoDeadlines(IOptions<CompareOptions> options, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        _photoTime = options.Value.PhotoTime;
        _time = time;
        _stopping = lifetime.ApplicationStopping.Register(() => _stopped.CancelAfter(options.Value.StopTime));
    }

    /// <summary>The deadline of a photo that is begun now.</summary>
    /// <param name="aborted">Whoever delivered it has gone.</param>
    public PhotoDeadline Begin(CancellationToken aborted) => new(_photoTime, _time, aborted, _stopped.Token);

    public void Dispose()
    {
        _stopping.Dispose();
        _stopped.Dispose();
    }
}

/// <summary>The deadline of one photo.</summary>
internal sealed class PhotoDeadline : IDisposable
{
    // For writing down what is known by then.
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _end;
    private readonly TimeProvider _time;
    private readonly TimeSpan _photoTime;
    private readonly long _started;

    public PhotoDeadline(TimeSpan photoTime, TimeProvider time, CancellationToken aborted, CancellationToken stopped)
    {
        (_photoTime, _time, _started) = (photoTime, time, time.GetTimestamp());
        _end = CancellationTokenSource.CreateLinkedTokenSource(aborted, stopped);
        _end.CancelAfter(photoTime);
    }

    /// <summary>Ends with the photo's time.</summary>
    public CancellationToken Token => _end.Token;

    public void Dispose() => _end.Dispose();

    /// <summary>A deadline for what may be left out: it ends while there is time to write down what is known without it.</summary>
    public CancellationTokenSource BeginOptional()
    {
        var left = _photoTime - _time.GetElapsedTime(_started) - Reserve;
        var part = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        part.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return part;
    }
}
