using System.Collections.Concurrent;
using System.Diagnostics;

namespace FindMe.Testing;

/// <summary>FindMe.Local as users start it: a process with the apps as child processes.</summary>
internal sealed class LocalFindMe : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LocalFindMe(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; private set; } = new("http://localhost");

    public IReadOnlyList<string> Output => [.. _output];

    public int ProcessId => _process.Id;

    /// <summary>Starts it and waits until it is ready.</summary>
    public static Task<LocalFindMe> StartAsync(string data, IEnumerable<string> albums, params string[] more) =>
        StartAsync(data, albums, new Dictionary<string, string>(), more);

    /// <summary>Starts it with environment variables, which its apps inherit, and waits until it is ready.</summary>
    public static async Task<LocalFindMe> StartAsync(string data, IEnumerable<string> albums, IReadOnlyDictionary<string, string> settings, params string[] more)
    {
        var findMe = Launch([.. more, "--port", "0", "--data", data, .. albums.SelectMany(album => new[] { "--album", album })], settings: settings);
        var first = await Task.WhenAny(findMe._ready.Task, findMe._process.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(90)));
        Assert.True(first == findMe._ready.Task, "FindMe is not ready:\n" + string.Join('\n', findMe.Output));
        findMe.Address = await findMe._ready.Task;
        return findMe;
    }

    /// <summary>Runs it until it exits.</summary>
    public static Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) => RunWithFilesAsync(null, arguments);

    /// <summary>Runs it until it exits, with a limit on open files; null for the current limit.</summary>
    public static async Task<(int ExitCode, string Output)> RunWithFilesAsync(int? openFiles, params string[] arguments)
    {
        await using var findMe = Launch(arguments, openFiles);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await findMe._process.WaitForExitAsync(deadline.Token);
        return (findMe._process.ExitCode, string.Join('\n', findMe.Output));
    }

    /// <summary>Returns the child processes of an app.</summary>
    public IReadOnlyList<int> ProcessesOf(string app) =>
        [.. Children(ProcessId).Where(id => CommandLine(id).Contains($"{app}.dll", StringComparison.Ordinal))];

    /// <summary>Returns all child processes.</summary>
    public IReadOnlyList<int> Children() => [.. Children(ProcessId)];

    /// <summary>Kills a process, to simulate a crash.</summary>
    public static void Kill(int process)
    {
        using var victim = Process.GetProcessById(process);
        victim.Kill();
    }

    /// <summary>Sends it a signal.</summary>
    /// <param name="signal">The signal, such as <c>TERM</c>.</param>
    /// <param name="andItsApps">Whether to signal its apps, too, as a terminal does on Ctrl-C.</param>
    public Task SignalAsync(string signal, bool andItsApps = false) => SignalAsync(signal, andItsApps ? -ProcessId : ProcessId);

    /// <summary>Sends a signal to a process or, by a negative id, to a process group.</summary>
    public static async Task SignalAsync(string signal, int process)
    {
        using var kill = Process.Start("kill", [$"-{signal}", "--", $"{process}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits until it exits, and returns its exit code.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan timeout)
    {
        await _process.WaitForExitAsync().WaitAsync(timeout);
        return _process.ExitCode;
    }

    /// <summary>Returns the peak memory of a process, in MiB.</summary>
    public static int PeakMemory(int process) =>
        int.Parse(File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]) / 1024;

    public static bool IsAlive(int process)
    {
        try
        {
            // A zombie process still has a folder.
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async Task WaitForEndAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await _process.WaitForExitAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            try
            {
                await WaitForEndAsync();
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                throw;
            }
        }

        _process.Dispose();
    }

    private static LocalFindMe Launch(IEnumerable<string> arguments, int? openFiles = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        // In its own process group, as a shell starts jobs. Resets SIGINT, which is ignored if a shell without job control started the tests.
        var start = new ProcessStartInfo(
            "env",
            [
                "--default-signal=INT", "setsid", .. openFiles is { } limit ? ["prlimit", $"--nofile={limit}"] : Array.Empty<string>(), "dotnet",
                Checkouts.ProgramOf("FindMe.Local"), "--no-build", "--end-with-input", .. arguments,
            ])
        {
            WorkingDirectory = Checkouts.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new LocalFindMe(Process.Start(start)!);
    }

    private static IEnumerable<int> Children(int parent) => Directory.GetDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
        .Where(id => id != 0 && ParentOf(id) == parent);

    private static int ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        const string Ready = "FindMe is ready: ";
        if (line.StartsWith(Ready, StringComparison.Ordinal))
        {
            _ready.TrySetResult(new Uri(line[Ready.Length..]));
        }
    }
}
