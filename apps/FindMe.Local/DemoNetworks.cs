using System.Diagnostics;

namespace FindMe.Local;

/// <summary>Runs the demo networks as a process that ends with this one, because its standard input closes.</summary>
internal sealed class DemoNetworks : IAsyncDisposable
{
    /// <summary>The hashtag of their posts.</summary>
    public const string Hashtag = "#dotnetconf";

    private const string Setting = "set ";
    private const string Ready = "ready";

    // Short, because they have no data to save.
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    private readonly Process _process;

    private DemoNetworks(Process process) => _process = process;

    /// <summary>The environment variables with which the apps search them.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>Starts them, and waits until they answer.</summary>
    /// <param name="checkout">The checkout with their program.</param>
    /// <param name="say">Receives what they print.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="StartException">They did not start.</exception>
    public static async Task<DemoNetworks> StartAsync(Checkout checkout, Action<string> say, CancellationToken cancellationToken)
    {
        var program = checkout.ProgramOf("FindMe.DemoNetworks");
        if (!File.Exists(program))
        {
            throw new StartException("the demo networks are not built. Start it without --no-build, which builds them.");
        }

        var networks = new DemoNetworks(Process.Start(new ProcessStartInfo("dotnet", [program, "--end-with-input"])
        {
            WorkingDirectory = checkout.Root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
        while (await networks._process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line == Ready)
            {
                return networks;
            }

            if (line.StartsWith(Setting, StringComparison.Ordinal))
            {
                var equals = line.IndexOf('=');
                networks.Settings[line[Setting.Length..equals]] = line[(equals + 1)..];
            }
            else
            {
                say($"imitated: {line}");
            }
        }

        await networks.DisposeAsync();
        throw new StartException("the demo networks exited at once; see above.");
    }

    /// <summary>Stops them.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(EndTimeout);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
