using System.Diagnostics;

namespace FindMe.ModelBuilder;

/// <summary>Writes how a download goes: a line at each quarter for people, many lines for a program that draws them.</summary>
/// <param name="output">Gets the lines.</param>
/// <param name="forProgram">Whether to write <c>progress BYTES TOTAL PACKAGE</c> five times a second instead.</param>
internal sealed class DownloadProgress(TextWriter output, bool forProgram)
{
    private const int Parts = 4;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _sinceShown = new();
    private NpmPackage? _package;
    private long _part;

    /// <summary>Takes note of bytes that have come.</summary>
    /// <param name="package">The package.</param>
    /// <param name="bytes">How many bytes of it are here.</param>
    /// <param name="total">How many it has; null where the registry does not say.</param>
    public void Show(NpmPackage package, long bytes, long? total)
    {
        if (total is not > 0)
        {
            return;
        }

        if (package != _package)
        {
            (_package, _part) = (package, bytes * Parts / total.Value);
        }

        if (forProgram && (bytes == total || !_sinceShown.IsRunning || _sinceShown.Elapsed >= Interval))
        {
            _sinceShown.Restart();
            output.WriteLine($"progress {bytes} {total} {package}");
        }
        else if (!forProgram && bytes * Parts / total.Value > _part)
        {
            _part = bytes * Parts / total.Value;
            output.WriteLine($"{package}: {bytes / 1e6:0.0} of {total / 1e6:0.0} MB");
        }
    }
}
