using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;

namespace FindMe.Recognition.Tests;

/// <summary>FindMe.Vision as a process of one test, with settings of its own.</summary>
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

    /// <summary>Sends the body of a request that expects it to be asked for only when it is.</summary>
    public HttpClient Http { get; } = new(new SocketsHttpHandler { Expect100ContinueTimeout = Timeout }) { Timeout = Timeout };

    /// <summary>Starts it.</summary>
    /// <param name="settings">Such as <c>Vision:RequestsAtOnce=1</c>.</param>
    /// <param name="environment">Variables besides.</param>
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

    /// <summary>Waits until it has written a line that holds a text.</summary>
    public async Task LogsAsync(string text)
    {
        // Logs are written beside the answers.
        var begun = Stopwatch.GetTimestamp();
        while (!_log.Any(line => line.Contains(text, StringComparison.Ordinal)))
        {
            Assert.True(Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(10), $"{text} is not in the log:\n{string.Join('\n', _log)}");
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

    /// <summary>A picture as the body of a request.</summary>
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
