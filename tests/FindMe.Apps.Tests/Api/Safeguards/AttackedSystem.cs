using System.Net;
using System.Text.Json.Nodes;
using FindMe.Local;

namespace FindMe.Apps.Tests.Api;

/// <summary>The real apps with limits that an attack reaches in seconds. Shared by the tests of a class; each attack leaves it as it was.</summary>
public sealed class AttackedSystem : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private LocalSystem? _system;
    private (string Name, int Id)[] _processes = [];

    internal LocalSystem System => _system ?? throw new InvalidOperationException("Not started.");

    /// <summary>An album of two demo photos and a link that leads out of it.</summary>
    internal static string Holiday => "holiday";

    /// <summary>The folder of <see cref="Holiday"/>.</summary>
    internal string HolidayFolder { get; private set; } = "";

    /// <summary>An album whose search takes longer than a test.</summary>
    internal static string Long => "long";

    /// <summary>A photo beside the album that nobody may see.</summary>
    internal string Secret { get; private set; } = "";

    /// <summary>The slowest that headers may be, and the time before a body must come.</summary>
    internal static TimeSpan Timeout => TimeSpan.FromSeconds(2);

    /// <summary>How many streams a person may have.</summary>
    internal static int Streams => 3;

    /// <summary>How many files may come in at once from an address.</summary>
    internal static int Files => 2;

    /// <summary>The time in which a picture must have come.</summary>
    internal static TimeSpan FileTimeout => TimeSpan.FromSeconds(8);

    /// <summary>How many files may come in at once from everywhere: the default.</summary>
    internal static int AllFiles => 8;

    /// <summary>How many connections an address may have.</summary>
    internal static int Connections => 100;

    /// <summary>Bytes of uploads that are kept of a person.</summary>
    internal static int BytesPerPerson => 40_000_000;

    /// <summary>Bytes of uploads that are kept from an address.</summary>
    internal static int BytesPerAddress => 60_000_000;

    /// <summary>The process of the app with the page.</summary>
    internal int PageProcess => _processes.First(process => process.Name == "findme-api").Id;

    /// <summary>Where uploads lie.</summary>
    internal string Uploads => Path.Combine(_folder.Path, "data", "uploads");

    internal Visitor NewVisitor(IPAddress? from = null) => new(System.Page, from: from);

    internal RawConnection Connect(IPAddress? from = null) => RawConnection.Open(System.Page.Port, from);

    public async ValueTask InitializeAsync()
    {
        HolidayFolder = _folder.AlbumOfDemoPhotos(Holiday, 2, maxSide: 640);
        Secret = Path.Combine(_folder.Folder("private"), "secret.jpg");
        File.Copy(Checkouts.DemoPhotos[0], Secret);
        File.CreateSymbolicLink(Path.Combine(HolidayFolder, "link.jpg"), Secret);
        Directory.CreateSymbolicLink(Path.Combine(HolidayFolder, "folder"), Path.GetDirectoryName(Secret)!);
        var settings = new Dictionary<string, string>
        {
            ["Server__HeadersTimeout"] = Timeout.ToString(),
            ["Server__BodyGrace"] = Timeout.ToString(),
            ["RequestRates__PerPerson"] = "5",
            ["RequestRates__PersonBurst"] = "40",
            ["RequestRates__PerAddress"] = "20",
            ["RequestRates__AddressBurst"] = "150",
            ["RequestRates__StreamsPerPerson"] = $"{Streams}",
            ["RequestRates__FilesPerAddress"] = $"{Files}",
            ["Server__PictureTimeout"] = FileTimeout.ToString(),
            ["Server__MaxConnectionsPerAddress"] = $"{Connections}",
            ["UploadSpace__MaxBytesPerPerson"] = $"{BytesPerPerson}",
            ["UploadSpace__MaxBytesPerAddress"] = $"{BytesPerAddress}",
        };
        _system = await LocalSystem.StartAsync(
            new LocalSystemOptions { Checkout = Checkout.Find(), DataPath = _folder.Folder("data"), Albums = [HolidayFolder, _folder.AlbumOfDemoPhotos(Long, 400, maxSide: 640)], Settings = settings },
            CancellationToken.None);
        _processes = [.. _system.Processes.Running()];
    }

    /// <summary>The apps are the same processes as before, and a new person is served.</summary>
    internal async Task StillAnswersAsync()
    {
        Assert.Equal(_processes, System.Processes.Running());
        using var newcomer = NewVisitor();
        await newcomer.AgreeAsync();
        Assert.True((await newcomer.GetAsync("/api/consent"))["accepted"]!.GetValue<bool>());
    }

    /// <summary>The most memory that the app of the page ever held, in MiB.</summary>
    internal int PeakMemoryOfPage() => LocalFindMe.PeakMemory(PageProcess);

    public async ValueTask DisposeAsync()
    {
        if (_system is not null)
        {
            await _system.DisposeAsync();
        }

        _folder.Dispose();
    }
}

/// <summary>An answer as it came over the wire.</summary>
/// <param name="Status">The status; 0: the connection was closed without one.</param>
/// <param name="Head">Status line and headers.</param>
/// <param name="Body">What followed.</param>
internal sealed record RawAnswer(int Status, string Head, string Body)
{
    /// <summary>It is this problem.</summary>
    public void AssertProblem(int status, string type)
    {
        Assert.True(Status == status, $"{Status} {Head} {Body}");
        // A chunked body has its lengths around it.
        var problem = JsonNode.Parse(Body[Body.IndexOf('{', StringComparison.Ordinal)..(Body.LastIndexOf('}') + 1)])!;
        Assert.Equal(type, problem["type"]!.GetValue<string>());
        Assert.NotEmpty(problem["detail"]!.GetValue<string>());
    }
}
