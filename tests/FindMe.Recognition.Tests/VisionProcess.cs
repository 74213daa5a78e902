using System.Diagnostics;

[assembly: AssemblyFixture(typeof(FindMe.Recognition.Tests.VisionProcess))]

namespace FindMe.Recognition.Tests;

/// <summary>Shares a FindMe.Vision process with a small body limit among all tests.</summary>
public sealed class VisionProcess : IAsyncLifetime
{
    /// <summary>Body limit of the service, in bytes.</summary>
    public const int MaxBodyBytes = 4 << 20;

    private readonly Process _process = new()
    {
        StartInfo = new ProcessStartInfo("dotnet", [Path.Combine(Checkouts.Root, "artifacts", "bin", "FindMe.Vision", "release", "FindMe.Vision.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            Environment =
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["DOTNET_ENVIRONMENT"] = "Production",
                ["Vision__MaxBodyBytes"] = $"{MaxBodyBytes}",
                ["Vision__MaxImages"] = "3",
                ["ExitWithParent"] = "true",
            },
        },
    };

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    internal string Address => Http.BaseAddress!.ToString();

    public async ValueTask InitializeAsync()
    {
        var address = new TaskCompletionSource<Uri>();
        _process.OutputDataReceived += (_, line) =>
        {
            // "Now listening on: http://127.0.0.1:41234"
            if (line.Data?.IndexOf("http://127.0.0.1:", StringComparison.Ordinal) is >= 0 and var at)
            {
                address.TrySetResult(new Uri(line.Data[at..].Trim()));
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
        Http.BaseAddress = await address.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
