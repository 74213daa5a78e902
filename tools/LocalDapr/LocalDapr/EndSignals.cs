using System.Runtime.InteropServices;

namespace LocalDapr;

/// <summary>
/// Cancels a token on SIGINT (Ctrl-C), SIGTERM or SIGHUP (closed terminal), so that the process can shut down gracefully. A second signal
/// terminates the process at once.
/// </summary>
public sealed class EndSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private readonly CancellationTokenSource _end;
    private int _received;

    /// <summary>Starts listening for signals.</summary>
    /// <param name="end">Cancelled by the first signal. May be disposed of before this object.</param>
    public EndSignals(CancellationTokenSource end)
    {
        _end = end;
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Stops listening: any later signal terminates the process at once.</summary>
    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = Interlocked.Exchange(ref _received, 1) == 0;
        try
        {
            _end.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The process is already shutting down.
        }
    }
}
