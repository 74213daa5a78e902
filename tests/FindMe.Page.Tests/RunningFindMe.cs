using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Playwright;

namespace FindMe.Page.Tests;

/// <summary>The real product, started once for a test class, and a real browser to look at it.</summary>
/// <remarks>With <c>FINDME_URL</c> set, the page at that address is tested instead; its albums must have the same names.</remarks>
public class RunningFindMe : IAsyncLifetime
{
    private const string Ready = "FindMe is ready: ";

    // A cold start loads the face models; a machine with two cores that also builds needs some of this.
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(15);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Albums _albums = new();
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("findme-data-");
    private Process? _product;
    private IPlaywright? _playwright;

    /// <summary>Where the solution lies: the product is started from there.</summary>
    public static string RepositoryRoot { get; } = FindRepositoryRoot();

    /// <summary>Where the screenshots go; not kept in the repository.</summary>
    public static string Screenshots => Path.Combine(RepositoryRoot, "artifacts", "screenshots");

    internal string Address { get; private set; } = "";

    internal IBrowser Browser { get; private set; } = null!;

    /// <summary>Further words of the command line.</summary>
    protected virtual IReadOnlyList<string> MoreArguments => [];

    /// <summary>Settings for its apps, as variables of the environment.</summary>
    protected virtual IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <summary>Everything that the product has printed so far.</summary>
    private protected IEnumerable<string> Output => _output;

    public async ValueTask InitializeAsync()
    {
        Address = Environment.GetEnvironmentVariable("FINDME_URL") is { Length: > 0 } address
            ? address
            : await StartProductAsync();

        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Environment.GetEnvironmentVariable("FINDME_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium",
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        _playwright?.Dispose();
        await StopProductAsync();
        _albums.Dispose();
        _data.Delete(recursive: true);
    }

    private async Task<string> StartProductAsync()
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = RepositoryRoot,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments = [Path.Combine("artifacts", "bin", "FindMe.Local", "release", "FindMe.Local.dll"), "--no-build", "--end-with-input", "--port", "0", "--data", _data.FullName, .. MoreArguments];
        foreach (var argument in arguments.Concat(Albums.Names.SelectMany(name => new[] { "--album", Path.Combine(_albums.Root, name) })))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in Settings)
        {
            start.Environment[name] = value;
        }

        var ready = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _product = new Process { StartInfo = start, EnableRaisingEvents = true };
        _product.OutputDataReceived += (_, line) => Read(line.Data);
        _product.ErrorDataReceived += (_, line) => Read(line.Data);
        _product.Exited += (_, _) => ready.TrySetException(new InvalidOperationException("FindMe ended before it was ready."));
        _product.Start();
        _product.BeginOutputReadLine();
        _product.BeginErrorReadLine();

        try
        {
            return await ready.Task.WaitAsync(StartDeadline);
        }
        catch (Exception exception) when (exception is TimeoutException or InvalidOperationException)
        {
            await StopProductAsync();
            throw new InvalidOperationException(
                $"FindMe did not get ready within {StartDeadline.TotalSeconds} s. It printed:{Environment.NewLine}{string.Join(Environment.NewLine, _output)}",
                exception);
        }

        void Read(string? line)
        {
            if (line is null)
            {
                return;
            }

            _output.Enqueue(line);
            if (line.StartsWith(Ready, StringComparison.Ordinal))
            {
                ready.TrySetResult(line[Ready.Length..].Trim());
            }
        }
    }

    // The product ends, with all it started, when nobody holds its standard input any more.
    private async Task StopProductAsync()
    {
        if (_product is null)
        {
            return;
        }

        _product.StandardInput.Close();
        using var deadline = new CancellationTokenSource(StopDeadline);
        try
        {
            await _product.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _product.Kill(entireProcessTree: true);
        }

        _product.Dispose();
        _product = null;
    }

    private static string FindRepositoryRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "FindMe.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No FindMe.sln above {AppContext.BaseDirectory}.");
    }
}
