using System.Diagnostics;
using System.Text;

namespace FindMe.Cli;

/// <summary>Output of a running command: results on standard output as they arrive, and a progress bar below them on a terminal.</summary>
/// <param name="what">What is counted, in a word or two.</param>
/// <param name="total">Total number; 0 if unknown.</param>
internal sealed class Screen(string what, int total) : IDisposable
{
    private const int BarWidth = 30;
    private const int LinesInPipe = 10;

    // Estimates of the remaining time are unstable before that.
    private static readonly TimeSpan EstimateAfter = TimeSpan.FromSeconds(3);

    // Updates the terminal no more often than the eye can follow.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private TimeSpan _shown = TimeSpan.MinValue;
    private int _done;
    private bool _hasBar;

    /// <summary>Whether standard output is read by a person, not by a program.</summary>
    public static bool IsForPeople => !Console.IsOutputRedirected;

    // https://no-color.org, and terminals without colours.
    private static readonly bool HasColour =
        IsForPeople && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Returns a text for standard output in green; unchanged if standard output is not a terminal, or <c>NO_COLOR</c> is set.</summary>
    public static string Green(string text) => Paint(text, "32");

    /// <summary>The same in yellow.</summary>
    public static string Yellow(string text) => Paint(text, "33");

    /// <summary>Returns a text as one line: control characters, with which a file's name could break a line or control the terminal, are escaped.</summary>
    public static string OneLine(string text)
    {
        if (!text.Any(IsUnprintable))
        {
            return text;
        }

        var line = new StringBuilder();
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => line.Append("\\n"),
                '\r' => line.Append("\\r"),
                '\t' => line.Append("\\t"),
                _ when IsUnprintable(character) => line.Append($"\\u{(int)character:x4}"),
                _ => line.Append(character),
            };
        }

        return line.ToString();
    }

    /// <summary>Writes a result to standard output; from any thread.</summary>
    /// <param name="line">The line, already escaped.</param>
    /// <param name="end">The terminator.</param>
    public void Write(string line, char end = '\n')
    {
        lock (_lock)
        {
            Clear();
            Console.Out.Write(line);
            Console.Out.Write(end);
            Console.Out.Flush();
        }
    }

    /// <summary>Writes a line for people to standard error; from any thread.</summary>
    public void Note(string line)
    {
        lock (_lock)
        {
            Clear();
            CommandLine.Complain(line);
        }
    }

    /// <summary>Counts one step; from any thread.</summary>
    public void Step()
    {
        lock (_lock)
        {
            _done++;
            if (Console.IsErrorRedirected)
            {
                // A short run needs no progress output; a long one reports progress a few times.
                if (total >= 100 && _done < total && _done * LinesInPipe / total > (_done - 1) * LinesInPipe / total)
                {
                    Console.Error.WriteLine($"{what}: {_done} of {total}, {_time.Elapsed.TotalSeconds:0} s");
                }
            }
            else if (_done == total || _shown == TimeSpan.MinValue || _time.Elapsed - _shown > Interval)
            {
                _shown = _time.Elapsed;
                _hasBar = true;
                var filled = total == 0 ? 0 : Math.Min(BarWidth, _done * BarWidth / total);
                Console.Error.Write($"\r{what} [{new string('#', filled)}{new string('.', BarWidth - filled)}] {_done}{(total == 0 ? "" : $" of {total}")}{TimeLeft()}\u001b[K");
            }
        }
    }

    /// <summary>Removes the bar.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            Clear();
        }
    }

    // ECMA-48: select graphic rendition.
    private static string Paint(string text, string colour) => HasColour ? $"\u001b[{colour}m{text}\u001b[0m" : text;

    private string TimeLeft()
    {
        if (total == 0 || _done >= total || _time.Elapsed < EstimateAfter)
        {
            return "";
        }

        var left = _time.Elapsed / _done * (total - _done);
        return left < TimeSpan.FromMinutes(2) ? $", {Math.Ceiling(left.TotalSeconds):0} s left" : $", {Math.Ceiling(left.TotalMinutes):0} min left";
    }

    private void Clear()
    {
        if (_hasBar)
        {
            // ECMA-48: erase the line.
            Console.Error.Write("\r\u001b[2K");
            _hasBar = false;
            _shown = TimeSpan.MinValue;
        }
    }

    // Includes Unicode bidi controls, with which a name could appear to have another extension.
    private static bool IsUnprintable(char character) =>
        char.IsControl(character) || character is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029';
}
