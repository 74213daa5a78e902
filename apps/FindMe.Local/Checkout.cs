namespace FindMe.Local;

/// <summary>Where things lie in the checkout that this program was built from.</summary>
/// <param name="Root">The folder with FindMe.sln.</param>
internal sealed record Checkout(string Root)
{
    /// <summary>What <c>dapr run -f .</c> reads too.</summary>
    public string RunFile => Path.Combine(Root, "dapr.yaml");

    /// <summary>The models that the builder has made.</summary>
    public string Models => Path.Combine(Root, "artifacts", "models");

    /// <summary>Six photos of groups of people, which come with the models.</summary>
    public string DemoPhotos => Path.Combine(Models, "demo");

    /// <summary>Whether models and demo photos were made already.</summary>
    public bool HasModels => Directory.Exists(DemoPhotos) && Directory.GetFiles(Models, "*.onnx").Length > 0;

    /// <summary>An app's or tool's built program.</summary>
    public string ProgramOf(string project) => Path.Combine(Root, "artifacts", "bin", project, "release", project + ".dll");

    /// <summary>Finds the checkout above this program.</summary>
    /// <exception cref="StartException">There is none.</exception>
    public static Checkout Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
            {
                return new Checkout(folder.FullName);
            }
        }

        throw new StartException("FindMe.Local runs from a checkout of FindMe: start it with dotnet run --project apps/FindMe.Local.");
    }
}
