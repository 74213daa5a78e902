using Microsoft.Playwright;

namespace FindMe.Page.Tests;

/// <summary>The real product, started once for a test class, and a real browser to look at it.</summary>
/// <remarks>With <c>FINDME_URL</c> set, the page at that address is tested instead; its albums must have the same names.</remarks>
public class RunningFindMe : IAsyncLifetime
{
    private readonly Albums _albums = new();
    private readonly TemporaryFolder _data = new();
    private LocalFindMe? _product;
    private IPlaywright? _playwright;

    /// <summary>Where the screenshots go; not kept in the repository.</summary>
    public static string Screenshots => Path.Combine(Checkouts.Root, "artifacts", "screenshots");

    internal string Address { get; private set; } = "";

    internal IBrowser Browser { get; private set; } = null!;

    /// <summary>The albums that it offers; none: its own demo.</summary>
    private protected virtual IEnumerable<string> OfferedAlbums => Albums.Names.Select(_albums.PathOf);

    /// <summary>Further words of the command line.</summary>
    protected virtual IReadOnlyList<string> MoreArguments => [];

    /// <summary>Settings for its apps, as variables of the environment.</summary>
    protected virtual IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>();

    /// <summary>Everything that the product has printed so far.</summary>
    private protected IEnumerable<string> Output => _product?.Output ?? [];

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("FINDME_URL") is { Length: > 0 } address)
        {
            Address = address;
        }
        else
        {
            _product = await LocalFindMe.StartAsync(_data.Path, OfferedAlbums, Settings, [.. MoreArguments]);
            Address = _product.Address.OriginalString;
        }

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
        if (_product is not null)
        {
            await _product.DisposeAsync();
        }

        _albums.Dispose();
        _data.Dispose();
    }
}
