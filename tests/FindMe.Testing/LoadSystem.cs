using FindMe.Faces;
using FindMe.Local;

namespace FindMe.Testing;

/// <summary>FindMe with generated albums: the apps as child processes, the sidecar in this process.</summary>
internal sealed class LoadSystem : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;

    private LoadSystem(DirectoryInfo folder, LocalSystem system)
    {
        _folder = folder;
        System = system;
    }

    public LocalSystem System { get; }

    /// <summary>Starts FindMe.</summary>
    /// <param name="albums">Folders of photos.</param>
    /// <param name="change">Changes the options; null for none.</param>
    /// <param name="resources">Changes the text of a resource file; null for none.</param>
    /// <param name="areImpatient">Whether to shorten the intervals of Recovery and dead letters.</param>
    /// <param name="components">The resources folder, relative to the checkout.</param>
    /// <param name="tryAgainSoon">
    /// Whether to retry a failed delivery after 100 ms instead of 4 s. Do not use with killed apps if refused connections count as attempts:
    /// five attempts within 400 ms would end before the app has restarted.
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

    /// <summary>Creates the options, without the resources.</summary>
    /// <param name="checkout">The checkout.</param>
    /// <param name="data">The data folder.</param>
    /// <param name="albums">Folders of photos.</param>
    /// <param name="areImpatient">Whether to shorten the intervals of Recovery and dead letters.</param>
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
                // One person generates the load of many.
                ["Safeguards__SearchesPerDay"] = "10000",
                ["Safeguards__SearchesPerAddressPerDay"] = "10000",
                ["RequestRates__PersonBurst"] = "100000",
                ["RequestRates__PerPerson"] = "10000",
                ["RequestRates__ChangesPerPerson"] = "100000",
                ["RequestRates__ChangesPerAddress"] = "100000",
                ["RequestRates__StreamsPerPerson"] = "10000",
            },
        };

    /// <summary>Creates an album in which every n-th photo is a demo photo; the others are small pictures without faces.</summary>
    /// <param name="folder">The parent folder.</param>
    /// <param name="name">The album's name.</param>
    /// <param name="photos">Number of photos.</param>
    /// <param name="facesEvery">The n; 1 for demo photos only.</param>
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

    // Shortens the retry delay of four seconds, which is meant for outages and would only slow down injected faults.
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
