namespace FindMe.Faces.Tests;

public sealed class ModelFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("findme-faces-");

    [Fact]
    public void The_error_for_a_missing_model_names_it_and_says_what_to_do()
    {
        CopyModels();
        File.Delete(Path.Combine(_folder.FullName, "ssd_mobilenetv1_int8.onnx"));

        var exception = Assert.Throws<ModelException>(Load);

        Assert.Contains(Path.Combine(_folder.FullName, "ssd_mobilenetv1_int8.onnx"), exception.Message, StringComparison.Ordinal);
        Assert.Contains("is missing", exception.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet run --project apps/FindMe.Local", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_error_for_a_truncated_model_names_it()
    {
        CopyModels();
        var path = Path.Combine(_folder.FullName, "face_embedding.onnx");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..100_000]);

        var exception = Assert.Throws<ModelException>(Load);

        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains("is damaged", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_under_the_same_name_is_rejected_by_its_shape()
    {
        CopyModels();
        var path = Path.Combine(_folder.FullName, "face_landmark_68.onnx");
        File.Copy(Path.Combine(_folder.FullName, "face_embedding.onnx"), path, overwrite: true);

        var exception = Assert.Throws<ModelException>(Load);

        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.Contains("expected image [N, 3, 112, 112] → landmarks [N, 136]", exception.Message, StringComparison.Ordinal);
        Assert.Contains("found input [N, 3, 112, 112] → vector [N, 704]", exception.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private void Load() => FaceEngine.Load(new FaceEngineOptions { ModelsPath = _folder.FullName }).Dispose();

    private void CopyModels()
    {
        foreach (var model in Directory.GetFiles(EngineFixture.ModelsPath, "*"))
        {
            File.Copy(model, Path.Combine(_folder.FullName, Path.GetFileName(model)));
        }
    }
}
