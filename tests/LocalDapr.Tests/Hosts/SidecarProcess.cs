using System.Diagnostics;

namespace LocalDapr.Tests;

/// <summary>A sidecar in its own process, which tests can kill.</summary>
public sealed class SidecarProcess : IDisposable
{
    public const string Word = "serve";

    private readonly Process _process;

    private SidecarProcess(Process process, Uri endpoint)
    {
        _process = process;
        Endpoint = endpoint;
    }

    public Uri Endpoint { get; }

    /// <summary>Starts a sidecar on a folder with the layout of <see cref="SidecarUnderTest"/>.</summary>
    public static async Task<SidecarProcess> StartAsync(TemporaryFolder folder, TestApp app, params string[] resources)
    {
        var resourcesPath = Directory.CreateDirectory(Path.Combine(folder.Path, "resources")).FullName;
        await File.WriteAllTextAsync(Path.Combine(resourcesPath, "all.yaml"), string.Join("\n---\n", resources));
        var start = new ProcessStartInfo("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { typeof(SidecarProcess).Assembly.Location, Word, folder.Path, app.AppId, $"{app.Port}" })
        {
            start.ArgumentList.Add(argument);
        }

        app.TopicSuffix = "";
        var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var endpoint = await process.StandardOutput.ReadLineAsync(deadline.Token);
        return new SidecarProcess(process, new Uri(endpoint!));
    }

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    /// <summary>Entry point of the process: serves until its standard input ends.</summary>
    public static async Task<int> ServeAsync(string[] args)
    {
        await using var sidecar = await LocalSidecar.StartAsync(new SidecarOptions
        {
            DataPath = Path.Combine(args[1], "data"),
            ResourcesPath = Path.Combine(args[1], "resources"),
            Apps = [new SidecarApp(args[2], 0, [int.Parse(args[3])])],
        });
        Console.WriteLine(sidecar.EndpointOf(args[2]));
        await Console.In.ReadToEndAsync();
        return 0;
    }
}
