using System.Diagnostics;

namespace FindMe.Local;

/// <summary>Shows the steps of a start: on a terminal one line that is redrawn, elsewhere plain lines. Used from any thread.</summary>
/// <param name="count">How many steps there are.</param>
internal sealed class StartSteps(int count) : IDisposable
{
    private const int BarWidth = 24;
    private const int DefaultWidth = 80;
    private const int Quarters = 4;
    private const string Indent = "      ";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly bool _isTerminal = !Console.IsOutputRedirected;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly Stopwatch _time = new();
    private Timer? _timer;
    private string? _current;
    private string _detail = "";
    private string? _package;
    private long _quarter;
    private int _number;

    /// <summary>Begins the next step.</summary>
    public void Begin(string what)
    {
        lock (_lock)
        {
            _current = $"[{++_number}/{count}] {what}";
            _detail = "";
            _lines.Clear();
            _time.Restart();
            if (_isTerminal)
            {
                _timer ??= new Timer(_ => Tick(), null, Interval, Interval);
                Draw();
            }
            else
            {
                Console.WriteLine(_current);
            }
        }
    }

    /// <summary>Shows a line of a program that works on the step; a terminal shows the latest one only.</summary>
    public void Show(string line)
    {
        lock (_lock)
        {
            _lines.Add(line);
            // "FindMe.Api -> /folder/of/the/output.dll"
            _detail = line.Split(" -> ")[0];
            if (!_isTerminal)
            {
                Console.WriteLine(Indent + line);
            }
        }
    }

    /// <summary>Shows how a download goes.</summary>
    /// <param name="bytes">How many bytes are here.</param>
    /// <param name="total">Of how many.</param>
    /// <param name="what">What is downloaded.</param>
    public void ShowDownload(long bytes, long total, string what)
    {
        lock (_lock)
        {
            var filled = (int)(bytes * BarWidth / total);
            _detail = $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {bytes / 1e6:0.0} of {total / 1e6:0.0} MB  {what}";
            var quarter = bytes * Quarters / total;
            if (!_isTerminal && (what != _package || quarter > _quarter))
            {
                Console.WriteLine($"{Indent}{what}: {bytes / 1e6:0.0} of {total / 1e6:0.0} MB");
            }

            (_package, _quarter) = (what, quarter);
        }
    }

    /// <summary>Writes a line that stays.</summary>
    public void Say(string line)
    {
        lock (_lock)
        {
            Erase();
            Console.WriteLine(line);
            if (_isTerminal && _current is not null)
            {
                Draw();
            }
        }
    }

    /// <summary>Ends the step.</summary>
    public void Done()
    {
        lock (_lock)
        {
            Erase();
            Console.WriteLine(_isTerminal ? $"{_current}: {_time.Elapsed.TotalSeconds:0.0} s" : $"{Indent}done in {_time.Elapsed.TotalSeconds:0.0} s");
            _current = null;
        }
    }

    /// <summary>Ends the step, which failed, and shows everything that its program wrote.</summary>
    public void Failed()
    {
        lock (_lock)
        {
            Dispose();
            if (_isTerminal)
            {
                _lines.ForEach(Console.WriteLine);
            }
        }
    }

    /// <summary>Leaves no half-drawn line behind.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _timer?.Dispose();
            if (_isTerminal && _current is not null)
            {
                Erase();
                Console.WriteLine(_current);
            }

            _current = null;
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_current is not null)
            {
                Draw();
            }
        }
    }

    // One write a frame, over what stood there: nothing flickers. A line that wraps could not be drawn over.
    private void Draw()
    {
        var line = $"{_current}  {_time.Elapsed.TotalSeconds:0} s  {_detail}";
        var width = (Console.WindowWidth is > 0 and var known ? known : DefaultWidth) - 1;
        Console.Write($"\r{(line.Length > width ? line[..width] : line)}\u001b[K");
    }

    private void Erase()
    {
        if (_isTerminal && _current is not null)
        {
            Console.Write("\r\u001b[K");
        }
    }
}
