using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;

namespace FindMe.Recognition.Tests;

/// <summary>Starts FindMe.Vision as a process with the settings of one test. See <see cref="VisionProcess"/> for the shared one.</summary>
internal sealed class StartedVision : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();

    private StartedVision(string[] settings, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [DemoPhotos.AppPath("FindMe.Vision", "FindMe.Vision"), "--urls", "http://127.0.0.1:0", .. settings.Select(setting => $"--{setting}")])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            Environment = { ["DOTNET_ENVIRONMENT"] = "Production", ["ExitWithParent"] = "true" },
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
    }

    /// <summary>Waits for 100 Continue before it sends the body of a request with the Expect header.</summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler { Expect100ContinueTimeout = Timeout }) { Timeout = Timeout };

    /// <summary>Starts the process, and waits until it listens.</summary>
    /// <param name="settings">Configuration, such as <c>Vision:RequestsAtOnce=1</c>.</param>
    /// <param name="environment">Additional environment variables.</param>
    public static async Task<StartedVision> StartAsync(string[] settings, params (string Name, string Value)[] environment)
    {
        var vision = new StartedVision(settings, environment);
        try
        {
            await vision.ListenAsync();
            return vision;
        }
        catch
        {
            await vision.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits up to 10 s for a log line that contains a text.</summary>
    public async Task LogsAsync(string text)
    {
        // The log is asynchronous: its lines can arrive after the response.
        var started = Stopwatch.GetTimestamp();
        while (!_log.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10), $"{text} is not in the log:\n{string.Join('\n', _log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    /// <summary>Creates a request body with a JPEG.</summary>
    public static ByteArrayContent Jpeg(byte[] photo) => new(photo) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };

    private async Task ListenAsync()
    {
        var address = new TaskCompletionSource<Uri>();
        _process.OutputDataReceived += (_, line) =>
        {
            _log.Enqueue(line.Data ?? "");
            if (line.Data?.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
            {
                address.TrySetResult(new Uri(line.Data[(at + Listening.Length)..].Trim()));
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
        Http.BaseAddress = await address.Task.WaitAsync(Timeout, TestContext.Current.CancellationToken);
    }
}
