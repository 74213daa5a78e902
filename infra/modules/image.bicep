// The image that an app runs now. In a separate module, because an app cannot reference itself while it is being deployed.
param name string
param exists bool

resource app 'Microsoft.App/containerApps@2025-01-01' existing = if (exists) {
  name: name
}

output image string = exists ? app!.properties.template.containers[0].image : ''
