using FindMe.Faces;
using FindMe.Local;

namespace FindMe.Testing;

/// <summary>FindMe with albums of its own making in a folder of its own: the apps as processes, the sidecar in this one.</summary>
internal sealed class LoadSystem : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private LoadSystem(DirectoryInfo folder, LocalSystem system)
    {
        _folder = folder;
        System = system;
    }

    public LocalSystem System { get; }

    /// <summary>Starts it.</summary>
    /// <param name="albums">Folders of photos.</param>
    /// <param name="change">Changes what is run; null: nothing.</param>
    /// <param name="resources">Changes the text of a component; null: as it is.</param>
    /// <param name="areImpatient">Whether what waits is looked for soon.</param>
    /// <param name="components">The folder of components, below the checkout.</param>
    /// <param name="tryAgainSoon">
    /// Whether a failed delivery is tried again after 100 ms instead of 4 s. Not where a refused connection counts as a try and apps are killed:
    /// five tries within 400 ms end before the app has started again.
    /// </param>
    public static async Task<LoadSystem> StartAsync(
        IReadOnlyList<string> albums,
        Func<LocalSystemOptions, LocalSystemOptions>? change = null,
        Func<string, string>? resources = null,
        bool areImpatient = true,
        string components = "components",
        bool? tryAgainSoon = null)
    {
        var folder = Directory.CreateTempSubdirectory("findme-load-");
        var options = OptionsOf(Checkout.Find(), folder.CreateSubdirectory("data").FullName, albums, areImpatient) with
        {
            ResourcesPath = ResourcesIn(components, folder.CreateSubdirectory("components").FullName, tryAgainSoon ?? areImpatient, resources ?? (text => text)),
        };
        try
        {
            return new LoadSystem(folder, await LocalSystem.StartAsync(change?.Invoke(options) ?? options, CancellationToken.None));
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>What is run, but for the components.</summary>
    /// <param name="checkout">Where everything lies.</param>
    /// <param name="data">Where everything is kept.</param>
    /// <param name="albums">Folders of photos.</param>
    /// <param name="areImpatient">Whether what fails is tried again soon, and what waits is looked for soon.</param>
    public static LocalSystemOptions OptionsOf(Checkout checkout, string data, IReadOnlyList<string> albums, bool areImpatient) =>
        new()
        {
            Checkout = checkout,
            DataPath = data,
            Albums = albums,
            Echo = false,
            Settings = new Dictionary<string, string>
            {
                ["Recovery__Interval"] = areImpatient ? "00:00:01" : "00:00:05",
                ["DeadLetters__RetryAfter"] = areImpatient ? "00:00:01" : "00:00:30",
                ["Searches__MaxPerPerson"] = "1000",
                // One person makes here what a crowd does elsewhere.
                ["Safeguards__SearchesPerDay"] = "10000",
                ["Safeguards__SearchesPerAddressPerDay"] = "10000",
                ["RequestRates__PersonBurst"] = "100000",
                ["RequestRates__PerPerson"] = "10000",
                ["RequestRates__ChangesPerPerson"] = "100000",
                ["RequestRates__ChangesPerAddress"] = "100000",
                ["RequestRates__StreamsPerPerson"] = "10000",
            },
        };

    /// <summary>Makes an album: every n-th photo a demo photo of people, the others small pictures without anybody.</summary>
    /// <param name="folder">Where it is to lie.</param>
    /// <param name="name">Its name.</param>
    /// <param name="photos">How many photos.</param>
    /// <param name="facesEvery">1: only demo photos.</param>
    /// <param name="maxSide">The demo photos' longer side in pixels.</param>
    /// <returns>The album's folder.</returns>
    public static string MakeAlbum(string folder, string name, int photos, int facesEvery, int maxSide)
    {
        var album = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var people = Checkouts.DemoPhotos.Select(photo => PhotoRendering.ToJpeg(File.ReadAllBytes(photo), maxSide)).ToList();
        var nobody = PhotoRendering.ToJpeg(File.ReadAllBytes(Checkouts.DemoPhotos[0]), 16);
        for (var i = 0; i < photos; i++)
        {
            File.WriteAllBytes(Path.Combine(album, $"photo{i:00000}.jpg"), i % facesEvery == 0 ? people[i / facesEvery % people.Count] : nobody);
        }

        return album;
    }

    public async ValueTask DisposeAsync()
    {
        await System.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // What fails on purpose is tried again soon: four seconds between two tries are for outages, and would only make this slow.
    private static string ResourcesIn(string components, string folder, bool tryAgainSoon, Func<string, string> change)
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Checkout.Find().Root, components), "*.yaml"))
        {
            var text = change(File.ReadAllText(file));
            File.WriteAllText(
                Path.Combine(folder, Path.GetFileName(file)), tryAgainSoon ? text.Replace("duration: 4s", "duration: 100ms", StringComparison.Ordinal) : text);
        }

        return folder;
    }
}
