using System.Diagnostics;

namespace FindMe.Evaluation;

/// <summary>Shows progress on standard error: a bar on a terminal, or a line per 10 % in a pipe.</summary>
/// <param name="what">The label.</param>
/// <param name="total">Total number of steps.</param>
internal sealed class Progress(string what, int total) : IDisposable
{
    private const int BarWidth = 30;
    private const int Lines = 10;

    // Minimum interval between updates of the bar.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private TimeSpan _shown = TimeSpan.MinValue;
    private int _done;

    /// <summary>Counts one step. Thread-safe.</summary>
    public void Step()
    {
        lock (_lock)
        {
            _done++;
            if (Console.IsErrorRedirected)
            {
                if (_done * Lines / total > (_done - 1) * Lines / total)
                {
                    Console.Error.WriteLine($"{what}: {_done} of {total}, {_time.Elapsed.TotalSeconds:0} s");
                }
            }
            else if (_done == total || _shown == TimeSpan.MinValue || _time.Elapsed - _shown > Interval)
            {
                _shown = _time.Elapsed;
                var filled = _done * BarWidth / total;
                Console.Error.Write($"\r{what} [{new string('#', filled)}{new string('.', BarWidth - filled)}] {_done} of {total} ");
            }
        }
    }

    /// <summary>Finishes the bar's line.</summary>
    public void Dispose()
    {
        if (!Console.IsErrorRedirected && _done > 0)
        {
            Console.Error.WriteLine();
        }
    }
}
