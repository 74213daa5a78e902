using System.Runtime.InteropServices;

namespace LocalDapr;

/// <summary>
/// Turns SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is closed) into a cancellation, so that the process ends gracefully, in less than
/// 15 seconds. A second signal ends it at once.
/// </summary>
public sealed class EndSignals : IDisposable
{
    private readonly PosixSignalRegistration[] _registrations;
    private readonly CancellationTokenSource _end;
    private int _received;

    /// <summary>Begins to listen.</summary>
    /// <param name="end">Cancelled by the first signal; it may be disposed of before this is.</param>
    public EndSignals(CancellationTokenSource end)
    {
        _end = end;
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
    }

    /// <summary>Stops listening: from now on a signal ends the process at once.</summary>
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
            // It is ending by itself.
        }
    }
}
