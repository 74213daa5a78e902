using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Local;
using FindMe.DemoNetworks;

namespace FindMe.Apps.Tests.Api;

/// <summary>The real apps with the imitated networks, for people who sign in. Shared by the tests of a class.</summary>
public sealed class SignedInSystem : IAsyncLifetime
{
    /// <summary>Searches that a person may begin here in a day.</summary>
    public const int SearchesPerDay = 3;

    /// <summary>How long decrypted references stay in memory here.</summary>
    public static readonly TimeSpan ReferencesKept = TimeSpan.FromSeconds(5);

    private readonly TemporaryFolder _folder = new();
    private LocalSystem? _system;
    private NetworkBench? _networks;

    public NetworkBench Networks => _networks ?? throw new InvalidOperationException("Not started.");

    internal LocalSystem System => _system ?? throw new InvalidOperationException("Not started.");

    /// <summary>Where everything is kept.</summary>
    internal string Data { get; private set; } = "";

    /// <summary>An album that only ann of X may see.</summary>
    internal static string Private => "private";

    internal Visitor NewVisitor() => new(System.Page);

    public async ValueTask InitializeAsync()
    {
        _networks = await NetworkBench.StartAsync(new Scenario
        {
            Accounts = [.. new Scenario().Accounts, new() { Name = "cat", Avatar = null }],
            Mastodon = [new(), new(), new()],
            MastodonPosts =
            [
                .. Scenario.Posts(12, everyFace: 4),
                new() { Author = "cat", Text = "Leave me alone #quiet", MinutesAgo = 1, Media = [new() { Picture = "demo/2" }] },
                new() { Author = "ann", Text = "Not me #quiet", MinutesAgo = 2, Media = [new() { Picture = "mosaic/900" }] },
            ],
        });
        Data = _folder.Folder("data");
        var settings = new Dictionary<string, string>(_networks.Settings)
        {
            ["Logging__LogLevel__Default"] = "Debug",
            ["Logging__LogLevel__Microsoft.AspNetCore"] = "Information",
            ["Logging__LogLevel__System.Net.Http"] = "Trace",
            ["Safeguards__SignInsPerAddress"] = "100",
            ["Safeguards__SearchesPerDay"] = $"{SearchesPerDay}",
            ["Recovery__Interval"] = "00:00:01",
            ["Safeguards__ReportAbuse"] = "abuse@findme.example",
            [$"Safeguards__Albums__{Private}__0"] = "x:ann",
            ["Compare__ReferencesKept"] = $"{ReferencesKept}",
            ["OptOut__Handles__0"] = $"@cat@{_networks.Mastodon.Host}",
            // The test waits for no retry of a network that is told to be down.
            ["Fetching__Retries"] = "0",
        };
        string[] albums = [_folder.AlbumOfDemoPhotos("demo", 2, maxSide: 960), _folder.AlbumOfDemoPhotos(Private, 1, maxSide: 960)];
        _system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = Data, Albums = albums, Settings = settings, Echo = false }, CancellationToken.None);
    }

    /// <summary>Everything that FindMe has written, but for the key ring.</summary>
    internal IEnumerable<(string File, byte[] Bytes)> Written()
    {
        foreach (var file in Directory.GetFiles(Data, "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/keys/", StringComparison.Ordinal) && !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            yield return (Path.GetFileName(file), copy.ToArray());
        }
    }

    /// <summary>The lines of the audit log.</summary>
    internal IReadOnlyList<JsonNode> Audit() =>
        [.. Directory.GetFiles(Path.Combine(Data, "audit"), "*.jsonl").SelectMany(File.ReadAllLines).Select(line => JsonNode.Parse(line)!)];

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
        {
            await _system.DisposeAsync();
        }

        if (_networks is not null)
        {
            await _networks.DisposeAsync();
        }

        _folder.Dispose();
    }
}

/// <summary>What a person does in a browser to sign in.</summary>
internal static class SigningInVisitors
{
    /// <summary>Begins to sign in, and says where the network's page is; the person has not clicked yet.</summary>
    public static async Task<Uri> OpenConsentAsync(this Visitor visitor, string network, string? instance = null)
    {
        using var answer = await visitor.StartSignInAsync(network, instance);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        return new Uri(JsonNode.Parse(body)!["address"]!.GetValue<string>());
    }

    /// <summary>Begins to sign in, as the page does.</summary>
    public static Task<HttpResponseMessage> StartSignInAsync(this Visitor visitor, string network, string? instance = null) =>
        visitor.Http.PostAsJsonAsync($"/api/sign-in/{network}", new { instance });

    /// <summary>Clicks Allow on the network's page, and says where that led.</summary>
    public static async Task<string> AllowAsync(this Visitor visitor, Uri consent, string account = "ann", string decision = "allow")
    {
        using var form = new FormUrlEncodedContent([new("account", account), new("decision", decision)]);
        using var answer = await visitor.Http.PostAsync(consent, form);
        return answer.RequestMessage!.RequestUri!.PathAndQuery;
    }

    /// <summary>Agrees where that was not done yet, and signs in.</summary>
    public static async Task SignInAsync(this Visitor visitor, string network, string? instance = null, string account = "ann")
    {
        if (!(await visitor.GetAsync("/api/consent"))["accepted"]!.GetValue<bool>())
        {
            await visitor.AgreeAsync();
        }

        Assert.Equal("/?sign-in=confirm", await visitor.AllowAsync(await visitor.OpenConsentAsync(network, instance), account));
        var pending = await visitor.RedeemAsync();
        using var linked = await visitor.LinkAsync(pending);
        Assert.Equal(HttpStatusCode.NoContent, linked.StatusCode);
    }

    /// <summary>Asks whose account the network's answer names, as the page does when it comes back.</summary>
    public static async Task<JsonNode> RedeemAsync(this Visitor visitor)
    {
        using var answer = await visitor.Http.PostAsync(new Uri("/api/sign-in", UriKind.Relative), null);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!;
    }

    /// <summary>Says yes to the question whether to link that account.</summary>
    public static Task<HttpResponseMessage> LinkAsync(this Visitor visitor, JsonNode pending, bool moveHere = false) => visitor.Http.PostAsJsonAsync(
        "/api/accounts", new { network = pending["network"]!.GetValue<string>(), handle = pending["handle"]!.GetValue<string>(), moveHere });

    /// <summary>The handles that the person is signed in with, by network.</summary>
    public static async Task<Dictionary<string, string>> AccountsAsync(this Visitor visitor) =>
        (await visitor.GetAsync("/api/me"))["accounts"]!.AsArray().ToDictionary(account => account!["network"]!.GetValue<string>(), account => account!["handle"]!.GetValue<string>());
}
