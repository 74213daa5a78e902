using LocalDapr;

namespace FindMe.Local;

/// <summary>Runs the apps of <c>dapr.yaml</c> on this machine with one local sidecar, until it is stopped.</summary>
internal static class LocalRun
{
    private const int MaxReplicas = 16;

    private const string DemoAlbum = "Demo photos";

    // The second face from the left is in another demo photo too, and this is the one that looks most like a conference.
    private const string SamplePhoto = "sample3.jpg";
    private const string SampleFace = "1";

    /// <summary>Runs until the token is cancelled, a signal arrives, or the parent process ends.</summary>
    /// <returns>0; 1 when FindMe could not start or an app could not be kept running.</returns>
    public static async Task<int> RunAsync(LocalOptions options, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var signals = new EndSignals(end);
        ParentWatch.Start(options.EndWithInput, end);
        try
        {
            await StartAsync(options, end.Token);
            return 0;
        }
        catch (AppProcessException exception)
        {
            await Console.Error.WriteLineAsync($"FindMe cannot run: {exception.Message} The apps' logs are in the folder logs of the data folder.");
            return 1;
        }
        catch (Exception exception) when (exception is StartException or SidecarDataException or SidecarPortException or SidecarConfigurationException)
        {
            await Console.Error.WriteLineAsync($"FindMe cannot run: {exception.Message}");
            return 1;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(
                $"FindMe cannot run: {exception.Message.TrimEnd('.')}. Free some disk space, or choose a writable folder with free space: --data DIR.");
            return 1;
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static async Task StartAsync(LocalOptions options, CancellationToken cancellationToken)
    {
        var checkout = Checkout.Find();
        Check(options);
        var data = options.DataPath ?? Path.Combine(checkout.Root, "data");
        LocalSystem.CreateFolder(data);

        using var steps = new StartSteps((options.Build ? Preparation.Steps : 0) + (options.DemoNetworks ? 1 : 0) + 1);
        if (options.Build)
        {
            steps.Say(checkout.HasModels && File.Exists(checkout.ProgramOf("FindMe.Api"))
                ? "FindMe.Local is built. Now it checks the apps and models, and starts: about 20 seconds."
                : "FindMe.Local is built. Now it builds the apps, and downloads 122 MB of models: about a minute and the download the first time, about 20 seconds from then on.");
            await Preparation.PrepareAsync(checkout, options.DemoNetworks, steps, cancellationToken);
        }

        if (!checkout.HasModels)
        {
            throw new StartException("the models are not built. Start it without --no-build, which builds them.");
        }

        // From here on only their owner can read the files that this process and its apps create; the build before is not restricted.
        PrivateData.Apply(data);
        var albums = options.Albums.Count > 0 ? options.Albums : [CopyDemoAlbum(checkout, data)];
        await using var networks = options.DemoNetworks ? await StartNetworksAsync(checkout, steps, cancellationToken) : null;
        var wanted = new LocalSystemOptions
        {
            Checkout = checkout,
            DataPath = data,
            Albums = albums,
            Port = options.Port,
            Replicas = options.Replicas,
            Settings = DemoSettings(checkout, options, networks),
            Say = steps.Say,
        };
        steps.Begin("Start the apps");
        await using var system = await LocalSystem.StartAsync(wanted, cancellationToken);
        steps.Done();
        Console.WriteLine($"Processes and queues: {system.View?.Address}");
        Console.WriteLine($"FindMe is ready: http://localhost:{system.Page.Port}");
        await system.Processes.WaitAsync(cancellationToken);
    }

    private static async Task<DemoNetworks> StartNetworksAsync(Checkout checkout, StartSteps steps, CancellationToken cancellationToken)
    {
        steps.Begin("Start the demo networks");
        var networks = await DemoNetworks.StartAsync(checkout, steps.Say, cancellationToken);
        steps.Done();
        return networks;
    }

    private static void Check(LocalOptions options)
    {
        if (options.Replicas is < 1 or > MaxReplicas)
        {
            throw new StartException($"--replicas must be a number from 1 to {MaxReplicas}.");
        }

        if (options.Port is < 0 or > 65_535)
        {
            throw new StartException("--port must be a number from 0 to 65535.");
        }

        if (options.Port != 0 && !Ports.IsFree(options.Port))
        {
            throw new StartException($"port {options.Port} is in use, perhaps by another FindMe. Stop it, or choose another port with --port N.");
        }

        foreach (var album in options.Albums)
        {
            try
            {
                if (!Directory.Exists(album))
                {
                    throw new StartException($"the folder {album} does not exist. --album must be a folder of photos.");
                }

                _ = Directory.EnumerateFileSystemEntries(album).Any();
            }
            catch (UnauthorizedAccessException)
            {
                throw new StartException($"the folder {album} cannot be read. Give yourself permission, or choose another folder with --album.");
            }
        }
    }

    private static Dictionary<string, string> DemoSettings(Checkout checkout, LocalOptions options, DemoNetworks? networks)
    {
        var settings = new Dictionary<string, string>(networks?.Settings ?? []);
        if (options.Albums.Count > 0 && networks is null)
        {
            return settings;
        }

        settings["Demo__SamplePhoto"] = Path.Combine(checkout.DemoPhotos, SamplePhoto);
        settings["Demo__SampleFace"] = SampleFace;
        if (options.Albums.Count == 0)
        {
            settings["Demo__Album"] = DemoAlbum;
        }

        if (networks is not null)
        {
            settings["Demo__Hashtag"] = DemoNetworks.Hashtag;
        }

        return settings;
    }

    // A copy, so that photos added to the demo album do not change the models' folder.
    private static string CopyDemoAlbum(Checkout checkout, string data)
    {
        var album = LocalSystem.CreateFolder(Path.Combine(data, DemoAlbum));
        foreach (var photo in Directory.GetFiles(checkout.DemoPhotos, "sample*.jpg"))
        {
            File.Copy(photo, Path.Combine(album, Path.GetFileName(photo)), overwrite: true);
        }

        return album;
    }
}
