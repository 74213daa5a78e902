namespace FindMe.Local;

/// <summary>Paths in the checkout from which this program was built.</summary>
/// <param name="Root">The folder with FindMe.sln.</param>
internal sealed record Checkout(string Root)
{
    /// <summary>The file that <c>dapr run -f .</c> reads too.</summary>
    public string RunFile => Path.Combine(Root, "dapr.yaml");

    /// <summary>The models that FindMe.ModelBuilder creates.</summary>
    public string Models => Path.Combine(Root, "artifacts", "models");

    /// <summary>Six photos of groups of people, which FindMe.ModelBuilder provides with the models.</summary>
    public string DemoPhotos => Path.Combine(Models, "demo");

    /// <summary>Whether the models and demo photos are built.</summary>
    public bool HasModels => Directory.Exists(DemoPhotos) && Directory.GetFiles(Models, "*.onnx").Length > 0;

    /// <summary>The built program of an app or tool.</summary>
    public string ProgramOf(string project) => Path.Combine(Root, "artifacts", "bin", project, "release", project + ".dll");

    /// <summary>Finds the checkout that contains this program.</summary>
    /// <exception cref="StartException">The program does not run from a checkout.</exception>
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
