using Microsoft.Extensions.Options;

namespace FindMe.Compare;

/// <summary>Limits the time spent on a photo: its own timeout, and a grace period at shutdown.</summary>
/// <remarks>
/// Later work would be wasted: its verdict could not be saved, or the photo is already redelivered to another replica.
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

    /// <summary>Starts the deadline of a photo.</summary>
    /// <param name="aborted">Cancelled when the sidecar disconnects.</param>
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
    // Time to store the results known so far.
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

    /// <summary>Cancelled at the deadline.</summary>
    public CancellationToken Token => _end.Token;

    public void Dispose() => _end.Dispose();

    /// <summary>Starts an earlier deadline for optional work, which leaves time to store the results known without it.</summary>
    public CancellationTokenSource BeginOptional()
    {
        var left = _photoTime - _time.GetElapsedTime(_started) - Reserve;
        var part = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        part.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        return part;
    }
}
