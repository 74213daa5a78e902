// A picture → face vectors, or whether it shows a person; names; classes. No state and no sidecar: every request is independent.
using FindMe.Hosting;
using FindMe.Vision;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.Services.AddVisionLimits();
builder.Services.AddFaceEngine();
builder.Services.AddClassification();
builder.Services.AddPeople();
builder.Services.AddEdgePage();
builder.Services.AddApiDescription();

var app = builder.Build();

app.MapAppDefaults();
app.UseVisionLimits();
app.MapHomePage();
app.MapClassify();
app.MapNamePeople();
app.MapEdgePage();
app.MapApiReference();
app.MapFaceVectors();
app.MapAwsLambdaFace();

app.Run();
