using System.Diagnostics;

namespace FindMe.Local;

/// <summary>The imitated networks as a process of their own. They end when this process does: their standard input closes.</summary>
internal sealed class DemoNetworks : IAsyncDisposable
{
    private const string Setting = "set ";
    private const string Ready = "ready";

    // They have nothing to lose.
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(1);

    private readonly Process _process;

    private DemoNetworks(Process process) => _process = process;

    /// <summary>What the apps must be told to search them, as environment variables.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>Starts them, and waits until they answer.</summary>
    /// <param name="checkout">Where their program is.</param>
    /// <param name="say">Gets what they print.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="StartException">They do not.</exception>
    public static async Task<DemoNetworks> StartAsync(Checkout checkout, Action<string> say, CancellationToken cancellationToken)
    {
        var program = checkout.ProgramOf("FindMe.DemoNetworks");
        if (!File.Exists(program))
        {
            throw new StartException("the imitated networks are missing. Start it without --no-build, which builds them.");
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
        throw new StartException("the imitated networks ended at once; see above.");
    }

    /// <summary>Ends them.</summary>
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
