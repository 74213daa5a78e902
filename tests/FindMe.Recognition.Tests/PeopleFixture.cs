using FindMe.Faces;

[assembly: AssemblyFixture(typeof(FindMe.Recognition.Tests.PeopleFixture))]

namespace FindMe.Recognition.Tests;

/// <summary>
/// Shares an engine, a folder with four pictures of each of three people of a demo photo and with strangers, and the model trained on it.
/// </summary>
public sealed class PeopleFixture : IDisposable
{
    /// <summary>Names of the people in the folder.</summary>
    public static readonly string[] People = ["Ada", "Bob", "Cy"];

    internal const string KnownPhoto = "sample1.jpg";
    internal const string StrangersPhoto = "sample4.jpg";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-people-");
    private readonly Lazy<TrainedPeople> _trained;

    public PeopleFixture()
    {
        Engine = FaceEngine.Load(new FaceEngineOptions());
        Known = Engine.Analyze(DemoPhotos.Read(KnownPhoto));
        WritePeople();
        WriteStrangers();
        _trained = new Lazy<TrainedPeople>(Train);
    }

    public FaceEngine Engine { get; }

    /// <summary>Analysis of the demo photo that shows the people.</summary>
    public AnalyzedPhoto Known { get; }

    public string Folder => Path.Combine(_folder.FullName, "team");

    /// <summary>Folder to which tests may write.</summary>
    public string Scratch => _folder.FullName;

    public TrainedPeople Trained => _trained.Value;

    public TrainedPeople Train() => PeopleTraining.Train(Engine, Folder, new PeopleOptions { Augmentations = 2 }, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Faces of the people, from left to right.</summary>
    public DetectedFace[] KnownFaces => [.. Known.Faces.OrderBy(face => face.Box.X).Take(People.Length)];

    public void Dispose()
    {
        Engine.Dispose();
        _folder.Delete(recursive: true);
    }

    private void WritePeople()
    {
        var photo = DemoPhotos.Read(KnownPhoto);
        foreach (var (person, face) in People.Zip(KnownFaces))
        {
            var folder = Directory.CreateDirectory(Path.Combine(Folder, person)).FullName;
            foreach (var (index, margin, shift) in ((int, float, float)[])[(1, 0.25f, 0), (2, 0.45f, 0.2f), (3, 0.6f, -0.3f), (4, 0.35f, -0.15f)])
            {
                File.WriteAllBytes(Path.Combine(folder, $"{index}.jpg"), DemoPhotos.Crop(photo, face.Box, margin, shift));
            }
        }

        File.WriteAllText(Path.Combine(Folder, People[0], "notes.txt"), "not a photo");
        File.WriteAllText(Path.Combine(Folder, People[0], "torn.jpg"), "no photo either");
        File.Copy(Path.Combine(Folder, People[1], "1.jpg"), Path.Combine(Folder, People[1], "copy of 1.jpg"));
        File.Copy(Path.Combine(Folder, People[2], "2.jpg"), Path.Combine(Folder, People[1], "whose.jpg"));
    }

    private void WriteStrangers()
    {
        var folder = Directory.CreateDirectory(Path.Combine(Folder, "unknown")).FullName;
        var photo = DemoPhotos.Read(StrangersPhoto);
        foreach (var (face, index) in Engine.Analyze(photo).Faces.Select((face, index) => (face, index)))
        {
            File.WriteAllBytes(Path.Combine(folder, $"stranger{index}.jpg"), DemoPhotos.Crop(photo, face.Box, margin: 0.3f, shift: 0));
        }
    }
}
