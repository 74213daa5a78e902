using Dapr.Client;
using FindMe.Local;

namespace FindMe.Apps.Tests;

/// <summary>The real apps as processes and the real sidecar in this process, where its traffic can be counted. Shared by the tests of a class.</summary>
public sealed class FindMeSystem : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private LocalSystem? _system;

    internal LocalSystem System => _system ?? throw new InvalidOperationException("Not started.");

    /// <summary>Where everything is kept.</summary>
    internal string Data { get; private set; } = "";

    /// <summary>The album of the six demo photos.</summary>
    internal static string Demo => "demo";

    /// <summary>An album whose search takes some seconds.</summary>
    internal static string Talk => "talk";

    /// <summary>How many photos <see cref="Talk"/> has.</summary>
    internal static int TalkPhotos => 64;

    /// <summary>An album of 1,000 small pictures.</summary>
    internal static string Thousand => "thousand";

    /// <summary>An album without a file.</summary>
    internal static string Empty => "empty";

    /// <summary>The state store as Api sees it.</summary>
    internal DaprClient Dapr => SidecarClients.ClientOf(System.Sidecar.GrpcEndpointOf("findme-api"), System.DaprApiToken);

    internal Visitor NewVisitor() => new(System.Page);

    public async ValueTask InitializeAsync()
    {
        Data = _folder.Folder("data");
        string[] albums =
        [
            _folder.AlbumOfDemoPhotos(Demo, 6),
            _folder.AlbumOfDemoPhotos(Talk, TalkPhotos, maxSide: 640),
            _folder.AlbumOfBlankPictures(Thousand, 1000),
            _folder.Folder(Empty),
        ];
        var settings = new Dictionary<string, string>
        {
            ["Logging__LogLevel__FindMe"] = "Debug",
            // The looks of the recovery at the store are no part of what a status costs.
            ["Recovery__Interval"] = "00:10:00",
            ["Demo__SamplePhoto"] = Checkouts.DemoPhotos[2],
            ["Demo__SampleFace"] = "1",
            ["Demo__Album"] = Demo,
        };
        _system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = Data, Albums = albums, Settings = settings }, CancellationToken.None);
    }

    /// <summary>Everything that FindMe has written: the database, its journal, and the logs.</summary>
    internal IEnumerable<(string File, byte[] Bytes)> Written()
    {
        foreach (var file in Directory.GetFiles(Data, "*", SearchOption.AllDirectories).Where(IsWrittenTo))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            yield return (Path.GetFileName(file), copy.ToArray());
        }
    }

    // The key ring protects the rest and lies elsewhere in production; the sidecar's lock is empty and cannot be opened.
    private static bool IsWrittenTo(string file) => !file.Contains("/keys/", StringComparison.Ordinal) && !file.EndsWith(".lock", StringComparison.Ordinal);

    /// <summary>The lines of an app's log.</summary>
    internal IReadOnlyList<string> LogOf(string app)
    {
        using var stream = new FileStream(Path.Combine(Data, "logs", app + ".log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n');
    }

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
        {
            await _system.DisposeAsync();
        }

        _folder.Dispose();
    }
}
